const { serveMany } = require('./dummy-http')
const { rotated } = require('./statistics')

/**
 * Has contenders take turns in batches of requests, in another order each round, so that what disturbs the machine
 * disturbs all of them.
 *
 * @param contenders - by name: `{ app, reset }`; `reset` is called before a batch
 * @param visits - the headers of the requests, used in turn
 * @param sizedBy - the name of the contender, the slowest, whose speed decides how long a batch is
 * @returns `{ rounds, requests }`: microseconds of CPU a request, by contender, of each round; and how many in all
 */
async function measureRounds(contenders, visits, { concurrency, seconds, sizedBy }) {
  const names = Object.keys(contenders)
  const run = (name, requests) => cpuOfBatch(contenders[name], visits, requests, concurrency)

  await warmUp(names, run, concurrency)
  const batch = await batchSize((requests) => run(sizedBy, requests), concurrency)
  const rounds = []
  for (const end = Date.now() + seconds * 1000; rounds.length < 9 || Date.now() < end;) {
    const round = {}
    for (const name of rotated(names, rounds.length)) round[name] = await run(name, batch)
    rounds.push(round)
  }
  return { rounds, requests: rounds.length * batch }
}

/** @returns microseconds of CPU a request, of all threads: the garbage it makes is on the bill */
async function cpuOfBatch({ app, reset }, visits, requests, concurrency) {
  reset()
  // The next contender shall not have to clear away what the last one left.
  global.gc({ type: 'minor' })
  const before = process.cpuUsage()
  await serveMany(app, visits, { requests, concurrency })
  const { user, system } = process.cpuUsage(before)
  return (user + system) / requests
}

/** Until the compiler has seen everything: after less than two seconds some processes still run code that it has not. */
async function warmUp(names, run, concurrency) {
  const SECONDS = 2
  for (const end = Date.now() + SECONDS * 1000; Date.now() < end;) {
    for (const contender of names) await run(contender, 2 * concurrency)
  }
}

/** How many requests make a batch that is long enough to measure, and short enough for many rounds. */
async function batchSize(run, concurrency) {
  const BATCH = 40_000
  const cost = await run(2 * concurrency)
  const requests = Math.min(2000, BATCH / cost)
  return concurrency * Math.max(1, Math.round(requests / concurrency))
}

module.exports = { measureRounds }
