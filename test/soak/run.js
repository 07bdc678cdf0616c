'use strict'

// npm run soak - mixed traffic over one process with an unreliable store, and whether every promise was kept.
// SOAK_REQUESTS (100,000) and SOAK_SEED change how many, and which.

const http = require('node:http')
const path = require('node:path')
const { seeded } = require('./random')
const { startServer } = require('./server-process')
const { Visitor } = require('./visitor')

const REQUESTS = Number(process.env.SOAK_REQUESTS || 100_000)
const SEED = Number(process.env.SOAK_SEED || Date.now() % 1e9)
const VISITORS = 100
const MEGABYTE = 2 ** 20

/** What the heap may grow by after warm-up: garbage that is not collected yet, not one object a request. */
const ALLOWED_GROWTH = 8 * MEGABYTE

async function soak() {
  const random = seeded(SEED)
  const server = await startServer(path.join(__dirname, 'server.js'), SEED)
  const agent = new http.Agent({ keepAlive: true, maxSockets: 50 })
  const report = { requests: 0, broken: [], later: [] }
  const visitors = Array.from({ length: VISITORS }, () => new Visitor(server, random, agent, report))
  console.log(`Soak: ${REQUESTS} requests of ${VISITORS} visitors, SOAK_SEED=${SEED}`)

  const started = Date.now()
  await drive(visitors, report, REQUESTS * 0.3)
  await quiet(report)
  const warm = await server.ask('figures')

  await drive(visitors, report, REQUESTS)
  await quiet(report)
  for (const visitor of visitors) await visitor.checkStored()
  const known = new Set(visitors.map(({ id }) => id))
  const unknown = (await server.ask('stored')).filter((id) => !known.has(id))
  const end = await server.ask('figures')

  agent.destroy()
  server.stop()
  const { requests, broken, later, ...outcomes } = report
  void later
  console.log(`  ${requests} requests in ${Math.round((Date.now() - started) / 1000)} s:`, outcomes)
  console.log(
    `  ${end.calls} calls to the store, ${end.failures} of which failed; ${end.errors} errors told to the app`
  )
  console.log(`  sessions at the end: ${end.sessions}, of which ${unknown.length} that no client was told of`)
  console.log(`  unhandled rejections: ${end.unhandled}`)
  console.log(`  listeners: ${warm.listeners} after warm-up, ${end.listeners} at the end`)
  console.log(`  heap: ${inMegabytes(warm.heap)} after warm-up, ${inMegabytes(end.heap)} at the end`)
  console.log(`  broken promises: ${broken.length}`)
  for (const promise of broken.slice(0, 20)) console.log(`    ${promise}`)

  const failed =
    broken.length > 0 ||
    end.unhandled > 0 ||
    end.listeners > warm.listeners ||
    end.heap - warm.heap > ALLOWED_GROWTH
  console.log(failed ? 'FAILED' : 'Every promise was kept.')
  process.exitCode = failed ? 1 : 0
}

async function drive(visitors, report, until) {
  await Promise.all(
    visitors.map(async (visitor) => {
      while (report.requests < until) await visitor.act()
    })
  )
}

/** Lets the requests end that clients have left, and then looks what became of those clients' sessions. */
async function quiet(report) {
  await new Promise((resolve) => setTimeout(resolve, 1000))
  for (const check of report.later.splice(0)) await check()
}

function inMegabytes(bytes) {
  return `${(bytes / MEGABYTE).toFixed(1)} MB`
}

soak().catch((error) => {
  console.error(error)
  process.exit(1)
})
