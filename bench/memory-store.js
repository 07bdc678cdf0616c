const implementations = require('./implementations')
const { made, timeEach } = require('./many-calls')
const { median } = require('./statistics')
const { idOf } = require('./visitors')

/** How often `get` and `touch` are called, whatever the number of sessions. */
const CALLS = 100_000

/**
 * What a MemoryStore with many sessions costs, and what is left of them after they expired:
 *
 *     node --expose-gc bench/memory-store.js ours|upstream 1000000 [seconds to wait for the last to go]
 *
 * Sends two messages: the costs, and then what is left.
 */
async function main(implementation, count, patience = 60) {
  const session = implementations[implementation]()
  const inAnHour = { expires: new Date(Date.now() + 3_600_000) }
  const store = new session.MemoryStore()
  await warmUp(session, inAnHour)

  global.gc()
  const empty = process.memoryUsage().heapUsed
  const set = await timeEach(count, (number, done) =>
    store.set(idOf(number), made(session, number, inAnHour), done)
  )
  global.gc()
  const bytes = (process.memoryUsage().heapUsed - empty) / count

  const get = await timeEach(CALLS, (number, done) => store.get(idOf(number % count), done))
  const visited = made(session, 0, inAnHour)
  const touch = await timeEach(CALLS, (number, done) => store.touch(idOf(number % count), visited, done))
  const length = await timeOnce((done) => store.length(done))
  const all = await timeOnce((done) => store.all(done), 1)

  // All of them are touched, to expire in a while.
  const expires = new Date(Date.now() + 2000 + count * 0.02)
  const expiring = made(session, 0, { expires })
  await timeEach(count, (number, done) => store.touch(idOf(number), expiring, done))
  report({ implementation, count, bytes, set, get, touch, length, all })

  report({ implementation, count, ...(await afterExpiry(store, expires, patience)) })
  process.exit(0)
}

/** Until the compiler has seen everything: the smallest stores would not take long enough. */
async function warmUp(session, expiry) {
  const store = new session.MemoryStore()
  for (let i = 0; i < 20; i++) {
    await timeEach(1000, (number, done) => store.set(idOf(number), made(session, number, expiry), done))
    await timeEach(1000, (number, done) => store.get(idOf(number), done))
    await timeEach(1000, (number, done) => store.touch(idOf(number), made(session, number, expiry), done))
    await timeOnce((done) => store.length(done))
  }
  store.clear()
}

/** @returns milliseconds, as the median of some calls */
async function timeOnce(call, times = 3) {
  const results = []
  for (let i = 0; i < times; i++) {
    const start = performance.now()
    await new Promise((resolve) => call(resolve))
    results.push(performance.now() - start)
  }
  return median(results)
}

/** Waits until none is left, or patience ends, while watching for how long the process is busy without a pause. */
async function afterExpiry(store, expires, patience) {
  await sleep(expires - Date.now())
  let blocked = 0
  let left
  do {
    for (let i = 0; i < 300; i++) blocked = Math.max(blocked, await busyWhileSleeping(10))
    left = Object.keys(store.sessions).length
    // Counting takes its time, which is not the store's.
    global.gc()
  } while (left > 0 && Date.now() < expires.valueOf() + patience * 1000)
  return { left, after: (Date.now() - expires) / 1000, blocked }
}

/** @returns for how many milliseconds a timer came late because the process was busy; and not the machine */
async function busyWhileSleeping(ms) {
  const start = performance.now()
  const cpu = process.cpuUsage()
  await sleep(ms)
  const late = performance.now() - start - ms
  const { user, system } = process.cpuUsage(cpu)
  return Math.min(late, (user + system) / 1000)
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

const report = (message) => (process.send ? process.send(message) : console.log(message))

const [implementation, count, patience] = process.argv.slice(2)
void main(implementation, Number(count), patience && Number(patience))
