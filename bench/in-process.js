const { answer } = require('./child')
const { checkContenders, contendersOf } = require('./contenders')
const { serveMany } = require('./dummy-http')
const { scenarioNamed } = require('./scenarios')
const { median, middleHalf, rotated } = require('./statistics')
const { visitsOf } = require('./visitors')

/**
 * The CPU time that a request of one scenario takes. The contenders run in batches that take turns, in another order
 * each round, so that what disturbs the machine disturbs all of them; what counts are the medians of the rounds.
 *
 *     node --expose-gc bench/in-process.js S3 [connect|express] [seconds]
 */
async function measure(name, host = 'connect', seconds = 3) {
  const scenario = scenarioNamed(name)
  const visits = visitsOf(scenario)
  const contenders = await contendersOf(scenario, host)
  await checkContenders(scenario, contenders, visits[0])

  const names = Object.keys(contenders)
  const run = (contender, requests) =>
    cpuOfBatch(contenders[contender], visits, requests, scenario.concurrency)

  await warmUp(names, run, seconds / 3, scenario.concurrency)
  const requests = await batchSize(run, scenario.concurrency)
  const rounds = []
  for (const end = Date.now() + seconds * 1000; rounds.length < 9 || Date.now() < end;) {
    const round = {}
    for (const contender of rotated(names, rounds.length)) round[contender] = await run(contender, requests)
    rounds.push(round)
  }
  return { name, host, requests: requests * rounds.length, rounds: rounds.length, ...summarise(rounds) }
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

/** Until the compiler has seen everything. */
async function warmUp(names, run, seconds, concurrency) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
    for (const contender of names) await run(contender, 2 * concurrency)
  }
}

/** How many requests make a batch that is long enough to measure, and short enough for many rounds. */
async function batchSize(run, concurrency) {
  const BATCH = 40_000
  const cost = await run('upstream', 2 * concurrency)
  const requests = Math.min(2000, BATCH / cost)
  return concurrency * Math.max(1, Math.round(requests / concurrency))
}

function summarise(rounds) {
  const overhead = (contender) => rounds.map((round) => round[contender] - round.bare)
  const ratios = (one, other) => rounds.map((r) => (r[one] - r.bare) / (r[other] - r.bare))
  const ratio = ratios('ours', 'upstream')
  return {
    bare: median(rounds.map((round) => round.bare)),
    upstream: median(overhead('upstream')),
    ours: median(overhead('ours')),
    ratio: median(ratio),
    spread: middleHalf(ratio),
    noise: median(ratios('again', 'ours'))
  }
}

answer(measure)
