const { barChart } = require('../chart')
const { RUNS, inRuns } = require('../child')
const { measureEndToEnd, summarise } = require('../end-to-end')
const { CONNECTIONS, driver } = require('../load')
const { installPeers } = require('../peers/install')
const { limit, one, ratio, table, whole } = require('../tables')

const MAJOR = process.versions.node.split('.')[0]
const USUAL = ['S1', 'S2', 'S3', 'S4', 'S5']
const CONTENDERS = ['bare', 'upstream', 'ours']

/** What a user's server gains: an Express 5 app over loopback. */
async function run({ scenarios, chosen, quick, progress }) {
  const missing = driver === 'autocannon' ? installPeers() : undefined
  if (missing) return { text: `### End to end\n\nLeft out: no wrk, and no autocannon (${missing}).` }

  const results = []
  for (const scenario of scenarios.filter(({ name }) => chosen || USUAL.includes(name))) {
    progress(`end to end: ${scenario.name}`)
    const measure = async () => summarise(await measureEndToEnd(scenario, CONTENDERS, quick ? 3 : 5))
    results.push({ scenario, ...(await inRuns(quick, measure)) })
  }
  return { text: describe(results), charts: { 'end-to-end': chart(results) } }
}

function describe(results) {
  const head = [
    'scenario',
    '',
    ...['bare', '1.19.0', 'ours'].map((name) => `${name} req/s`),
    ...['bare µs', '1.19.0 +µs', 'ours +µs'],
    'ratio',
    'runs',
    'target',
    ...['bare', '1.19.0', 'ours'].map((name) => `${name} p99 ms`)
  ]
  const rows = results.map(({ scenario, ...result }) => [
    scenario.name,
    scenario.title,
    ...CONTENDERS.map((name) => whole(result[`${name}PerSecond`])),
    ...CONTENDERS.map((name) => one(result[name])),
    ratio(result.ratio),
    result.ratios.map(ratio).join(' '),
    limit(result.ratio, scenario.targetEndToEnd?.[MAJOR]),
    ...CONTENDERS.map((name) => one(result[`${name}P99`]))
  ])
  return [
    '### End to end',
    '',
    `An Express 5 app over loopback, ${CONNECTIONS} connections, load by ${driver}: requests a second, CPU time of the`,
    'server a request and what sessions add to it, and the time in which 99 of 100 requests are answered. Medians of',
    `the rounds, and of ${RUNS} runs with servers of their own, whose ratios stand beside.`,
    '',
    table(head, rows)
  ].join('\n')
}

function chart(results) {
  return barChart({
    title: 'CPU time that sessions add to a request over HTTP, as a share of express-session 1.19.0',
    note: 'Express 5 over loopback; a tick marks the target; shorter is better',
    bars: results.map(({ scenario, ratio: share }) => ({
      label: `${scenario.name} ${scenario.title}`,
      value: Math.max(0, share),
      tick: scenario.targetEndToEnd?.[MAJOR],
      text: ratio(share)
    }))
  })
}

module.exports = { run }
