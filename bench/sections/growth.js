const { askBytes, askCpu } = require('../child')
const { curveChart } = require('../chart')
const { one, ratio, table, whole } = require('../tables')

const SIZES = [100, 300, 1000, 3000, 10_000, 30_000, 100_000]
const QUICK_SIZES = [100, 1000, 10_000]

/** How the cost of a request that only reads grows with the size of its session. */
async function run({ quick, progress }) {
  const results = []
  for (const size of quick ? QUICK_SIZES : SIZES) {
    progress(`growth: ${size} bytes`)
    const cpu = await askCpu(`size-${size}`, 'connect', quick ? 0.5 : 1.2)
    const bytes = await askBytes(`size-${size}`, 5)
    results.push({ size, cpu, bytes })
  }
  return { text: describe(results), charts: { 'session-size': chart(results) } }
}

function describe(results) {
  const head = ['session', '', '1.19.0 +µs', 'ours +µs', 'ratio', '1.19.0 +B', 'ours +B', 'ratio']
  const rows = results.map(({ size, cpu, bytes }) => [
    `${whole(size)} B`,
    'returning, read only',
    one(cpu.upstream),
    one(cpu.ours),
    ratio(cpu.ratio),
    whole(bytes.upstream),
    whole(bytes.ours),
    ratio(bytes.ratio)
  ])
  return [
    '### Growth with the size of the session',
    '',
    'In process, as above: CPU time and bytes that sessions of a MemoryStore add to a request.',
    '',
    table(head, rows)
  ].join('\n')
}

function chart(results) {
  const curves = (measure) =>
    ['ours', 'upstream'].map((name) => ({
      name: name === 'ours' ? 'ours' : 'express-session 1.19.0',
      points: results.map((result) => [result.size, result[measure][name]])
    }))
  return curveChart({
    title: 'How the cost of a request grows with the size of its session',
    panels: [
      { title: 'CPU time added, µs', xTitle: 'bytes of JSON', curves: curves('cpu') },
      { title: 'bytes allocated', xTitle: 'bytes of JSON', curves: curves('bytes') }
    ]
  })
}

module.exports = { run }
