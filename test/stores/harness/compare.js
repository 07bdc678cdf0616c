'use strict'

const { isDeepStrictEqual } = require('node:util')
const listedDifferences = require('./listed-differences')

/**
 * One cell of the table: what a scenario came to on ours, beside what it came to on 1.19.0.
 *
 * @returns `{ verdict, explanation }`; all but 'same', 'listed', 'better' and 'not offered' are faults
 */
module.exports = function compare(scenario, ours, upstream) {
  if (ours.outcome !== upstream.outcome) {
    const better = ours.outcome === 'ok'
    return { verdict: better ? 'better' : 'worse', explanation: better ? upstream.reason : explain(ours) }
  }
  if (ours.outcome === 'not offered') return { verdict: 'not offered' }
  if (ours.outcome === 'fails') return { verdict: 'fails on both', explanation: explain(ours) }

  let verdict = 'same'
  for (let index = 0; index < Math.max(ours.seen.length, upstream.seen.length); index++) {
    const [mine, theirs] = [ours.seen[index], upstream.seen[index]]
    if (isDeepStrictEqual(mine, theirs)) continue
    if (!isListed(scenario, mine, theirs)) {
      return { verdict: 'different', explanation: `ours ${show(mine)}\n1.19 ${show(theirs)}` }
    }
    verdict = 'listed'
  }
  return { verdict }
}

function isListed(scenario, mine, theirs) {
  if (mine?.label !== theirs?.label) return false
  return listedDifferences.some(
    (difference) =>
      difference.scenario === scenario &&
      difference.labels.includes(mine.label) &&
      difference.is(mine.value, theirs.value)
  )
}

function explain({ outcome, reason, detail }) {
  return [outcome, reason, detail].filter(Boolean).join(': ').slice(0, 2000)
}

function show(seen) {
  return JSON.stringify(seen)?.slice(0, 1500)
}
