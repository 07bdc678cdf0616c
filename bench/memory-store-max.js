const implementations = require('./implementations')
const { callEach, cpuEach, made } = require('./many-calls')
const { mediansOf } = require('./statistics')
const { idOf } = require('./visitors')

/** How many rounds each store has of each call, in turns, and how many calls make a round. */
const ROUNDS = 25
const CALLS = 10_000

/** The first visitor returns when so many others have come. */
const RETURNS_AFTER = 500

/** A MemoryStore that has its limits may cost so many times what it costs without. */
const LIMIT = 1.2

/**
 * What it costs a MemoryStore to keep at most so many sessions:
 *
 *     node --expose-gc bench/memory-store-max.js 100000 1000000
 *
 * puts a million sessions into a store for 100,000 and into one without `max`, and compares them; then the calls of stores that
 * have as many sessions. The sessions are small, so that it shows most.
 */
async function main(max, count) {
  process.removeAllListeners('warning')
  const session = implementations.ours()
  const inAnHour = { expires: new Date(Date.now() + 3_600_000) }

  for (const limits of [{}, { max: 1000 }]) await fill(session, inAnHour, limits, 30_000)
  const free = await fill(session, inAnHour, {}, count)
  const full = await fill(session, inAnHour, { max }, count)
  const costs = await compareCosts(session, inAnHour, max)
  costs.fill = { free: free.cost, full: full.cost, ratio: full.cost / free.cost }
  const message = {
    max,
    count,
    heapFree: free.heap,
    heapFull: full.heap,
    isRight: isRight(full.ids, max, count),
    costs,
    limit: LIMIT
  }
  if (process.send) process.send(message)
  else console.dir(message, { depth: null })
  process.exit(0)
}

/**
 * Has so many sessions come by, while the first visitor returns now and then.
 *
 * @returns microseconds for each that is stored, the bytes of heap after each tenth of them, and the ids that are left
 */
async function fill(session, expiry, limits, count) {
  const store = new session.MemoryStore(limits)
  const empty = heapUsed()
  const heap = []
  let cost = 0
  for (let tenth = 0; tenth < 10; tenth++) {
    const first = (tenth * count) / 10
    cost += await cpuEach(count / 10, (i, done) => {
      store.set(idOf(first + i), made(session, first + i, expiry), done)
      if (i % RETURNS_AFTER === 0) store.get(idOf(0), () => {})
    })
    heap.push(heapUsed() - empty)
  }
  return { cost: cost / 10, heap, ids: Object.keys(store.sessions) }
}

function heapUsed() {
  global.gc()
  return process.memoryUsage().heapUsed
}

/** Are those left that came last, and the one who returned? */
function isRight(ids, max, count) {
  const expected = new Set(Array.from({ length: max - 1 }, (_, i) => idOf(count - 1 - i))).add(idOf(0))
  return ids.length === max && ids.every((id) => expected.has(id))
}

/**
 * Microseconds a call: of a store without `max`, of one that has room, and of one that is full. Each begins with `max` sessions;
 * `add` stores a new one, for which the full store has another one go.
 */
async function compareCosts(session, expiry, max) {
  const { MemoryStore } = session
  const stores = {
    free: new MemoryStore(),
    roomy: new MemoryStore({ max: 1e9 }),
    full: new MemoryStore({ max })
  }
  for (const store of Object.values(stores)) {
    await callEach(max, (i, done) => store.set(idOf(i), made(session, i, expiry), done))
  }

  // As visitors come: in no order.
  const someone = (number) => idOf((number * 7919) % max)
  const visited = made(session, 0, expiry)
  const calls = {
    get: (store, number, done) => store.get(someone(number), done),
    set: (store, number, done) => store.set(someone(number), made(session, number, expiry), done),
    touch: (store, number, done) => store.touch(someone(number), visited, done),
    add: (store, number, done) => store.set(idOf(max + number), made(session, number, expiry), done)
  }
  const costs = {}
  for (const [name, call] of Object.entries(calls)) {
    const rounds = []
    // The first ones are for the compiler.
    for (let round = -3; round < ROUNDS; round++) {
      const result = {}
      const names = Object.keys(stores)
      // Each in its turn is the first one.
      if (round % 2 === 0) names.reverse()
      for (const which of names) {
        const first = (round + 3) * CALLS
        result[which] = await cpuEach(CALLS, (i, done) => call(stores[which], first + i, done))
      }
      result.ratio = result.full / result.free
      if (round >= 0) rounds.push(result)
    }
    costs[name] = mediansOf(rounds)
  }
  return costs
}

const [max, count] = process.argv.slice(2)
void main(Number(max), Number(count))
