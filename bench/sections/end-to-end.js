const { barChart } = require('../chart')
const { measureEndToEnd, of, overheadRatio } = require('../end-to-end')
const { CONNECTIONS, driver } = require('../load')
const { installPeers } = require('../peers/install')
const { limit, one, ratio, table, whole } = require('../tables')

const MAJOR = process.versions.node.split('.')[0]
const USUAL = ['S1', 'S2', 'S3', 'S4', 'S5']

/** What a user's server gains: an Express 5 app over loopback. */
async function run({ scenarios, chosen, quick, progress }) {
  const missing = driver === 'autocannon' ? installPeers() : undefined
  if (missing) return { text: `### End to end\n\nLeft out: no wrk, and no autocannon (${missing}).` }

  const results = []
  for (const scenario of scenarios.filter(({ name }) => chosen || USUAL.includes(name))) {
    progress(`end to end: ${scenario.name}`)
    const rounds = await measureEndToEnd(scenario, ['bare', 'upstream', 'ours'], quick ? 3 : 5)
    results.push({ scenario, rounds })
  }
  return { text: describe(results), charts: { 'end-to-end': chart(results) } }
}

function describe(results) {
  const contenders = ['bare', 'upstream', 'ours']
  const head = [
    'scenario',
    '',
    ...['bare', '1.19.0', 'ours'].map((name) => `${name} req/s`),
    ...['bare µs', '1.19.0 +µs', 'ours +µs'],
    'ratio',
    'middle half',
    'target',
    ...['bare', '1.19.0', 'ours'].map((name) => `${name} p99 ms`)
  ]
  const rows = results.map(({ scenario, rounds }) => {
    const { ratio: share, spread } = overheadRatio(rounds)
    const bare = of(rounds, 'bare', 'cpu')
    return [
      scenario.name,
      scenario.title,
      ...contenders.map((name) => whole(of(rounds, name, 'perSecond'))),
      one(bare),
      one(of(rounds, 'upstream', 'cpu') - bare),
      one(of(rounds, 'ours', 'cpu') - bare),
      ratio(share),
      spread.map(ratio).join('-'),
      limit(share, scenario.targetEndToEnd?.[MAJOR]),
      ...contenders.map((name) => one(of(rounds, name, 'p99')))
    ]
  })
  return [
    '### End to end',
    '',
    `An Express 5 app over loopback, ${CONNECTIONS} connections, load by ${driver}: requests a second, CPU time of the`,
    'server a request and what sessions add to it, and the time in which 99 of 100 requests are answered. Medians of',
    'the rounds.',
    '',
    table(head, rows)
  ].join('\n')
}

function chart(results) {
  return barChart({
    title: 'CPU time that sessions add to a request over HTTP, as a share of express-session 1.19.0',
    note: 'Express 5 over loopback; a tick marks the target; shorter is better',
    bars: results.map(({ scenario, rounds }) => {
      const share = overheadRatio(rounds).ratio
      return {
        label: `${scenario.name} ${scenario.title}`,
        value: Math.max(0, share),
        tick: scenario.targetEndToEnd?.[MAJOR],
        text: ratio(share)
      }
    })
  })
}

module.exports = { run }
