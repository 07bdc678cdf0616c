const { PerformanceObserver } = require('node:perf_hooks')
const { answer } = require('./child')
const { contendersOf } = require('./contenders')
const { serveMany } = require('./dummy-http')
const { scenarioNamed } = require('./scenarios')
const { median, rotated } = require('./statistics')
const { visitsOf } = require('./visitors')

/**
 * The bytes that a request of one scenario allocates: by how much the heap grows while nothing is collected. That takes
 * a young generation in which a whole batch has its place:
 *
 *     node --expose-gc --min-semi-space-size=256 --max-semi-space-size=256 bench/allocations.js S3 [connect|express]
 */
async function measure(name, host = 'connect', rounds = 9) {
  const scenario = scenarioNamed(name)
  const visits = visitsOf(scenario)
  const contenders = await contendersOf(scenario, host)
  const names = Object.keys(contenders)
  const requests = scenario.size > 5000 ? scenario.concurrency : 4 * scenario.concurrency
  const run = (contender) => bytesOfBatch(contenders[contender], visits, requests, scenario.concurrency)

  // Code that the compiler has optimised allocates less.
  for (let i = 0; i < 30; i++) for (const contender of names) await run(contender)
  const results = Object.fromEntries(names.map((contender) => [contender, []]))
  for (let round = 0; round < rounds; round++) {
    for (const contender of rotated(names, round)) results[contender].push(await run(contender))
  }

  const bytes = Object.fromEntries(names.map((contender) => [contender, median(results[contender])]))
  const upstream = bytes.upstream - bytes.bare
  const ours = bytes.ours - bytes.bare
  return { name, host, bare: bytes.bare, upstream, ours, ratio: ours / upstream }
}

async function bytesOfBatch({ app, reset }, visits, requests, concurrency) {
  reset()
  global.gc({ type: 'minor' })
  await collectionsSoFar()
  const before = allocated()
  await serveMany(app, visits, { requests, concurrency })
  const bytes = allocated() - before
  const collections = await collectionsSoFar()
  // A batch during which something was collected says nothing: once more.
  return collections > 0 ? bytesOfBatch({ app, reset }, visits, requests, concurrency) : bytes / requests
}

function allocated() {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

let collections = 0
new PerformanceObserver((list) => {
  collections += list.getEntries().length
}).observe({ entryTypes: ['gc'] })

/** How often something was collected since this was last asked; observers hear of it in a later turn. */
async function collectionsSoFar() {
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  const since = collections
  collections = 0
  return since
}

answer(measure)
