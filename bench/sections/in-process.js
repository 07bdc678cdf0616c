const { RUNS, askBytes, askCpu, inRuns } = require('../child')
const { barChart } = require('../chart')
const { median } = require('../statistics')
const { limit, one, ratio, table, whole } = require('../tables')

/** What the middleware itself costs: no network, each scenario in a process of its own. */
async function run({ scenarios, quick, progress }) {
  const results = []
  for (const scenario of scenarios) {
    progress(`in process: ${scenario.name}`)
    const { name } = scenario
    const cpu = await inRuns(quick, () => askCpu(name, 'connect', quick ? 0.7 : 2))
    const bytes = await inRuns(quick, () => askBytes(name, 5))
    const express = await inRuns(quick, () => askCpu(name, 'express', quick ? 0.5 : 1))
    results.push({ scenario, cpu, bytes, express })
  }
  return { text: describe(results), charts: { overhead: chart(results) } }
}

function describe(results) {
  const head = [
    'scenario',
    '',
    'bare µs',
    '1.19.0 +µs',
    'ours +µs',
    'ratio',
    'runs',
    'target',
    'A/A',
    'in Express',
    '1.19.0 +B',
    'ours +B',
    'ratio'
  ]
  const rows = results.map(({ scenario, cpu, bytes, express }) => [
    scenario.name,
    scenario.title,
    one(cpu.bare),
    one(cpu.upstream),
    one(cpu.ours),
    ratio(cpu.ratio),
    cpu.ratios.map(ratio).join(' '),
    limit(cpu.ratio, scenario.target),
    ratio(cpu.noise),
    ratio(express.ratio),
    whole(bytes.upstream),
    whole(bytes.ours),
    ratio(bytes.ratio)
  ])
  const noise = results.map(({ cpu }) => cpu.noise)
  return [
    '### In process',
    '',
    'CPU time a request of the middleware and the store, called directly on a request and a response of `node:http`:',
    'what they cost more than the bare request. Contenders take turns in batches; medians of the rounds, and of',
    `${RUNS} runs in processes of their own, whose ratios stand beside. "In Express" is the ratio when an Express 5 app`,
    'calls the middleware. The bytes are what a request allocates more than the bare one.',
    '',
    table(head, rows),
    '',
    `A/A, ours against a second copy of ours: median ${ratio(median(noise))}, from ${ratio(Math.min(...noise))} to ` +
      `${ratio(Math.max(...noise))}. By so much the ratios may be off.`
  ].join('\n')
}

function chart(results) {
  return barChart({
    title: 'CPU time that sessions add to a request, as a share of express-session 1.19.0',
    note: 'in process; a tick marks the target; shorter is better',
    bars: results.map(({ scenario, cpu }) => ({
      label: `${scenario.name} ${scenario.title}`,
      value: cpu.ratio,
      tick: scenario.target,
      text: `${ratio(cpu.ratio)}   (${one(cpu.ours)} of ${one(cpu.upstream)} µs)`
    }))
  })
}

module.exports = { run }
