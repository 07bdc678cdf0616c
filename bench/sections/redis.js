const { measureEndToEnd, of } = require('../end-to-end')
const { CONNECTIONS, driver } = require('../load')
const { installPeers } = require('../peers/install')
const { hasRedis, withRedis } = require('../redis-server')
const { median } = require('../statistics')
const { ratio, table, whole } = require('../tables')

/** What remains of it where each request waits for a real store. */
async function run({ scenarios, quick, progress }) {
  const missing = hasRedis() ? installPeers() : 'no redis-server'
  if (missing) return { text: `### Redis\n\nLeft out: ${missing}.` }

  const results = []
  // Redis is the store here, not one of the bench's own.
  for (const scenario of scenarios.filter(({ store }) => store === 'memory')) {
    progress(`redis: ${scenario.name}`)
    const rounds = await withRedis((port) =>
      measureEndToEnd(scenario, ['upstream', 'ours'], quick ? 2 : 4, port)
    )
    results.push({ scenario, rounds })
  }
  return { text: describe(results) }
}

function describe(results) {
  const head = [
    'scenario',
    '',
    '1.19.0 req/s',
    'ours req/s',
    'ours / 1.19.0',
    'target',
    '1.19.0 µs',
    'ours µs'
  ]
  const rows = results.map(({ scenario, rounds }) => {
    const gain = median(rounds.map(({ ours, upstream }) => ours.perSecond / upstream.perSecond))
    return [
      scenario.name,
      scenario.title,
      whole(of(rounds, 'upstream', 'perSecond')),
      whole(of(rounds, 'ours', 'perSecond')),
      ratio(gain),
      gain >= 1 ? 'ok' : 'MISSED 1.00',
      whole(of(rounds, 'upstream', 'cpu')),
      whole(of(rounds, 'ours', 'cpu'))
    ]
  })
  return [
    '### Redis',
    '',
    `The same Express 5 app with connect-redis and a local redis-server, ${CONNECTIONS} connections, load by ${driver}:`,
    'requests a second, and CPU time of the server a request. Medians of the rounds.',
    '',
    table(head, rows)
  ].join('\n')
}

module.exports = { run }
