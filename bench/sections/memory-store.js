const { fork } = require('node:child_process')
const { once } = require('node:events')
const path = require('node:path')
const { curveChart } = require('../chart')
const { one, ratio, table, whole } = require('../tables')

const COUNTS = [1000, 10_000, 100_000, 1_000_000]
const QUICK_COUNTS = [1000, 10_000, 100_000]

/** S11: many sessions in a MemoryStore. */
async function run({ quick, progress }) {
  const waits = []
  const results = []
  for (const count of quick ? QUICK_COUNTS : COUNTS) {
    for (const implementation of ['upstream', 'ours']) {
      progress(`S11: ${implementation} with ${count} sessions`)
      const args = [implementation, String(count), quick ? '15' : '60']
      const child = fork(path.join(__dirname, '../memory-store.js'), args, { execArgv: ['--expose-gc'] })
      const [costs] = await Promise.race([once(child, 'message'), once(child, 'exit').then(failed)])
      results.push(costs)
      // They wait for their sessions to expire while the next are measured.
      waits.push(once(child, 'message').then(([rest]) => Object.assign(costs, rest)))
    }
  }
  progress('S11: waiting for the sessions to expire')
  await Promise.all(waits)
  return { text: describe(results), charts: { 'session-count': chart(results) } }
}

function failed([code]) {
  throw new Error(`The store's process ended with code ${code}`)
}

const NAMES = { ours: 'ours', upstream: '1.19.0' }

function describe(results) {
  const head = [
    'sessions',
    'store',
    ...['bytes each', 'set µs', 'get µs', 'touch µs', 'length ms', 'all ms'],
    ...['left', 'so long after', 'blocked ms', 'targets']
  ]
  const rows = results.map((result) => [
    whole(result.count),
    NAMES[result.implementation],
    whole(result.bytes),
    ...[result.set, result.get, result.touch].map(one),
    ratio(result.length),
    one(result.all),
    whole(result.left),
    `${whole(result.after)} s`,
    one(result.blocked),
    verdict(result)
  ])
  return [
    '### S11: many sessions in a MemoryStore',
    '',
    'How much of the heap a session takes; what one call takes, of many at a time, with the turn of the event loop that',
    'each answer waits for; how many sessions are left so long after all have expired, and for how long the process was',
    'blocked at most while they went. Targets: `length` in less than 5 ms, none left after a minute.',
    '',
    table(head, rows)
  ].join('\n')
}

function verdict({ implementation, length, left, after }) {
  if (implementation !== 'ours') return ''
  return length < 5 && left === 0 && after <= 65 ? 'ok' : 'MISSED'
}

function chart(results) {
  const curves = (value) =>
    ['ours', 'upstream'].map((implementation) => ({
      name: implementation === 'ours' ? 'ours' : 'express-session 1.19.0',
      points: results.filter((r) => r.implementation === implementation).map((r) => [r.count, value(r)])
    }))
  return curveChart({
    title: 'MemoryStore: how cost grows with the number of sessions',
    panels: [
      { title: 'length(), ms', xTitle: 'sessions in the store', curves: curves((r) => r.length) },
      {
        title: 'get() + touch(), µs',
        xTitle: 'sessions in the store',
        curves: curves((r) => r.get + r.touch)
      },
      {
        title: 'left after all have expired',
        xTitle: 'sessions in the store (none left is drawn as 1)',
        // A logarithmic axis has no zero.
        curves: curves((r) => Math.max(1, r.left))
      }
    ]
  })
}

module.exports = { run }
