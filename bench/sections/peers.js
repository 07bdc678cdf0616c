const { ask } = require('../child')
const { installPeers } = require('../peers/install')
const { scenarioNamed } = require('../scenarios')
const { one, table } = require('../tables')

const SCENARIOS = ['S1', 'S2', 'S3', 'S4']

/** Other session libraries, for the record: each beyond the framework that it is made for. */
async function run({ quick, progress }) {
  const missing = installPeers()
  if (missing) return { text: `### Peers\n\nLeft out: they could not be installed (${missing}).` }

  const { peers } = require('../peers/frameworks')
  const { version } = require('../peers/versions')
  const rows = []
  for (const [name, { framework }] of Object.entries(peers)) {
    const results = []
    for (const scenario of SCENARIOS) {
      progress(`peers: ${name} ${scenario}`)
      results.push(await ask('peers/in-process.js', [name, scenario, quick ? 0.3 : 0.6], ['--expose-gc']))
    }
    const bare = results.map((result) => result.bare).sort((one, other) => one - other)[1]
    rows.push([
      `${name}${version(name)}`,
      framework,
      one(bare),
      ...results.map(({ overhead }) => one(overhead))
    ])
  }
  return { text: describe(rows) }
}

function describe(rows) {
  const head = ['library', 'on', 'bare µs', ...SCENARIOS.map((name) => `${name} +µs`)]
  const legend = SCENARIOS.map((name) => `${name} ${scenarioNamed(name).title}`).join('; ')
  return [
    '### Peers',
    '',
    `In process, CPU time that sessions add to a request of the bare framework: ${legend}.`,
    'cookie-session, iron-session and koa-session keep the data in the cookie itself, iron-session encrypted; the others',
    'keep them in the memory of the process.',
    '',
    table(head, rows)
  ].join('\n')
}

module.exports = { run }
