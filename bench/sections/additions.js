const { ask, inRuns } = require('../child')
const { one, ratio, table, whole } = require('../tables')

/** What the options cost that 1.19.0 does not have. */
async function run({ quick, progress }) {
  const results = []
  for (const name of ['S3f', 'S4']) {
    progress(`additions: ${name}`)
    results.push(await ask('additions.js', [name, quick ? 0.5 : 2], ['--expose-gc']))
  }
  progress('additions: sealing')
  const sealing = await inRuns(quick, () => ask('sealing.js', [1000, quick ? 0.5 : 2]))
  return { text: [describe(results), '', describeSealing(sealing)].join('\n') }
}

/** At most so many microseconds to seal a session of 1 KB and to open it. */
const SEALING = 10

function describeSealing({ length, seal, open }) {
  const sum = seal + open
  const rows = [
    [`${whole(length)} B`, one(seal), one(open), one(sum), `${sum <= SEALING ? 'ok' : 'MISSED'} ${SEALING}`]
  ]
  return [
    '#### Sealing',
    '',
    'What it takes to seal the JSON of a session by the option `encryption`, and to open it, without the base64 around it.',
    '',
    table(['session', 'seal µs', 'open µs', 'sum µs', 'target'], rows)
  ].join('\n')
}

function describe(results) {
  return [
    '### Additions',
    '',
    'What each option costs that 1.19.0 does not have: CPU time a request that the sessions add with it, how much more that is than with',
    'all of them off, and how often a request calls the store. The store is one like those on npm, in memory.',
    'Target: no more than a microsecond for what asks the store no more often, and does nothing with the data.',
    'The record is as long as with `absoluteTimeout`: so much of that is the JSON of the store.',
    ...results.flatMap(({ name, title, costs }) => ['', `#### ${name}: ${title}`, '', costTable(costs)])
  ].join('\n')
}

function costTable(costs) {
  const usual = callsIn(costs.off)
  const rows = Object.entries(costs).map(([addition, cost]) => [
    addition,
    Object.entries(cost.calls)
      .map(([method, count]) => `${ratio(count)} ${method}`)
      .join(', '),
    one(cost.total),
    addition === 'off' ? '' : ratio(cost.more),
    verdict(addition, cost, usual)
  ])
  return table(['on', 'calls a request', '+µs', 'more µs', 'target'], rows)
}

const callsIn = ({ calls }) => Object.values(calls).reduce((sum, count) => sum + count, 0)

/** Those that have no target of their own: to compare with, or because what they cost depends on who listens. */
const UNMEASURED = [
  'off',
  'all of them',
  'off, with a record as long',
  'a subscriber',
  // What they do with the data depends on how many there are.
  'encryption',
  'concurrency',
  'concurrency, a store with update'
]

function verdict(addition, cost, usual) {
  if (UNMEASURED.includes(addition) || callsIn(cost) > usual) return ''
  return `${cost.more <= 1 ? 'ok' : 'MISSED'} 1.00`
}

module.exports = { run }
