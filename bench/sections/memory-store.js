const { fork } = require('node:child_process')
const { once } = require('node:events')
const path = require('node:path')
const { curveChart } = require('../chart')
const { limit, one, ratio, table, whole } = require('../tables')

const COUNTS = [1000, 10_000, 100_000, 1_000_000]
const QUICK_COUNTS = [1000, 10_000, 100_000]

/** How many sessions a store may hold, and how many come by. */
const LIMITED = [100_000, 1_000_000]
const QUICK_LIMITED = [10_000, 100_000]

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
  progress('S11: a store that is full')
  const limited = await measureLimited(quick ? QUICK_LIMITED : LIMITED)
  return {
    text: [describe(results), '', describeLimited(limited)].join('\n'),
    charts: { 'session-count': chart(results) }
  }
}

/** Alone, as it is about small differences. */
async function measureLimited([max, count]) {
  const args = [String(max), String(count)]
  const child = fork(path.join(__dirname, '../memory-store-max.js'), args, { execArgv: ['--expose-gc'] })
  const [result] = await Promise.race([once(child, 'message'), once(child, 'exit').then(failed)])
  return result
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

const CALLS = {
  get: '`get`',
  set: '`set` of a session that is there',
  touch: '`touch`',
  add: '`set` of a new one; where it is full, another one goes',
  fill: 'as many new ones as come by'
}

function describeLimited({ max, count, heapFree, heapFull, isRight, costs, limit: most }) {
  const megabytes = (bytes) => `${whole(bytes / 1e6)} MB`
  const rows = Object.entries(CALLS).map(([name, title]) => {
    const { free, roomy, full, ratio: factor } = costs[name]
    return [title, 'µs', one(free), one(roomy), one(full), ratio(factor), limit(factor, most)]
  })
  return [
    `#### At most ${whole(max)} sessions`,
    '',
    `${whole(count)} sessions come to a store with \`max: ${max}\`, and to one without. The heap after each tenth of them:`,
    `${heapFull.map(megabytes).join(', ')}; without \`max\` ${heapFree.map(megabytes).join(', ')}. Left are those that came`,
    `last, and the one who kept coming back: ${isRight ? 'ok' : 'MISSED'}.`,
    '',
    'What one call takes of the CPU, of visitors in no order, in a store without `max`, in one that has room and in one that is',
    `full. Target: no more than ${ratio(most)} of the time without.`,
    '',
    table(['call', 'unit', 'without', 'has room', 'full', 'full / without', 'target'], rows)
  ].join('\n')
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
