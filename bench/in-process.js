const { measureRounds } = require('./batches')
const { answer } = require('./child')
const { checkContenders, contendersOf } = require('./contenders')
const { scenarioNamed } = require('./scenarios')
const { median } = require('./statistics')
const { visitsOf } = require('./visitors')

/**
 * The CPU time that a request of one scenario takes. The contenders take turns in batches; what counts are the
 * medians of the rounds, and for the ratio the median of the ratios that the rounds had.
 *
 *     node --expose-gc bench/in-process.js S3 [connect|express] [seconds]
 */
async function measure(name, host = 'connect', seconds = 3) {
  const scenario = scenarioNamed(name)
  const visits = visitsOf(scenario)
  const contenders = await contendersOf(scenario, host)
  await checkContenders(scenario, contenders, visits[0])

  const { concurrency } = scenario
  const { rounds, requests } = await measureRounds(contenders, visits, {
    concurrency,
    seconds,
    sizedBy: 'upstream'
  })
  return { name, host, requests, rounds: rounds.length, ...summarise(rounds) }
}

function summarise(rounds) {
  const overhead = (contender) => rounds.map((round) => round[contender] - round.bare)
  const ratios = (one, other) => rounds.map((r) => (r[one] - r.bare) / (r[other] - r.bare))
  return {
    bare: median(rounds.map((round) => round.bare)),
    upstream: median(overhead('upstream')),
    ours: median(overhead('ours')),
    ratio: median(ratios('ours', 'upstream')),
    noise: median(ratios('again', 'ours'))
  }
}

answer(measure)
