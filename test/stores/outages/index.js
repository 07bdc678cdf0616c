'use strict'

// With storeTimeout and onDisconnect: 'error' no outage of a store's server makes a request hang, and none is for good:
// real servers that are stopped, killed, or behind a network that loses packets, under load. No request takes longer than the
// timeout and a second.
//
// `node test/stores/run.js outages` tries only this. OUTAGE_REQUESTS says how many requests: 10,000, or 1,000 with CI set.

const fs = require('node:fs/promises')
const os = require('node:os')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { AppProcess } = require('../harness/app-process')
const { RunningServer } = require('../harness/running-server')
const { signalAll } = require('../harness/signal-all')
const { Load, NAMES } = require('./load')
const { Proxy } = require('./proxy')

const REQUESTS = Number(process.env.OUTAGE_REQUESTS || (process.env.CI ? 1000 : 10_000))
const STORE_TIMEOUT = 500
/**
 * No request may take longer, from when it reaches the app until its response is out, by the clock of the app's event loop. On a
 * busy machine a client waits longer, for the processors; so does whatever waits for a timer.
 */
const LIMIT = STORE_TIMEOUT + 1000
/** No client may wait longer: a wide margin, for this says that none hangs, not how fast a busy machine is. */
const PATIENCE = STORE_TIMEOUT + 5000
/** How long it may take, after the server is back, until its app has found it. */
const RECOVERY = 40_000

const OUTAGES = {
  'stopped (SIGSTOP)': {
    begin: ({ server }) => signalAll(server.process.process.pid, 'SIGSTOP'),
    end: ({ server }) => signalAll(server.process.process.pid, 'SIGCONT')
  },
  'killed (SIGKILL)': {
    begin: ({ server }) => server.process.kill(),
    end: ({ server }) => server.process.start()
  },
  'packets lost': {
    begin: ({ proxy }) => proxy.drop(),
    end: ({ proxy }) => proxy.pass()
  }
}

const CONFIGURATIONS = [
  { id: 'redis-10', title: 'connect-redis 10, redis 6', server: 'redis' },
  { id: 'redis-3', title: 'connect-redis 3', server: 'redis' },
  { id: 'pg-simple', title: 'connect-pg-simple 10, pg 8', server: 'postgres' }
]

/** Tries all outages on all of these stores, one after another. Resolves with whether all is well. */
module.exports = async function outages() {
  const root = await fs.mkdtemp(path.join(os.tmpdir(), 'outages-'))
  await fs.chmod(root, 0o755)
  const each = Math.ceil(REQUESTS / CONFIGURATIONS.length / Object.keys(OUTAGES).length)
  const faults = []
  const longest = { app: 0, client: 0 }
  try {
    for (const configuration of CONFIGURATIONS) {
      const server = await RunningServer.start(configuration.server, path.join(root, configuration.id))
      if (server.missing || !server.isOurs) {
        console.log(
          `\nSKIPPED outages of ${configuration.title}: needs ${server.missing ?? 'a server of its own'}`
        )
        if (process.env.CI && server.missing) faults.push(`${configuration.title}: no ${server.title}`)
        continue
      }
      try {
        for (const [title, outage] of Object.entries(OUTAGES)) {
          const seen = await tryOutage(configuration, server, outage, each)
          console.log(`\n${configuration.title}, ${title}: longest ${inBoth(seen)}`)
          for (const name of NAMES)
            console.log(`  ${name}: ${describe(seen.load.statuses('meanwhile', name))}`)
          longest.client = Math.max(longest.client, seen.client)
          longest.app = Math.max(longest.app, seen.app)
          faults.push(...seen.faults.map((fault) => `${configuration.title}, ${title}: ${fault}`))
        }
      } finally {
        await server.stop()
      }
    }
  } finally {
    await fs.rm(root, { recursive: true, force: true, maxRetries: 5 })
  }
  for (const fault of faults) console.log(`\nFAULT ${fault}`)
  console.log(
    `\n${REQUESTS} requests over outages, storeTimeout ${STORE_TIMEOUT} ms, the longest ${inBoth(longest)}: ${faults.length || 'no'} faults`
  )
  return faults.length === 0
}

async function tryOutage({ id }, server, outage, requests) {
  const proxy = await Proxy.to(Number(new URL(server.url).port))
  const url = new URL(await server.part(`outage-${id}`))
  url.port = proxy.port
  const app = new AppProcess({
    modulePath: path.join(__dirname, '..', 'configurations', id, 'index.js'),
    given: { url: url.href, name: `outage-${id}` },
    implementation: 'ours'
  })
  const load = new Load(app, PATIENCE)
  try {
    await app.start()
    await app.ask('use', { storeTimeout: STORE_TIMEOUT, onDisconnect: 'error', cookie: { maxAge: 600_000 } })
    await load.start()
    await app.ask('time')

    const before = load.send('before', requests * 0.2)
    await sleep(20)
    await outage.begin({ server, proxy })
    await before
    await load.send('meanwhile', requests * 0.5)
    const over = load.send('after', requests * 0.3)
    await outage.end({ server, proxy })
    await over
    const isBack = await comesBack(load)
    const longest = app.dead ? NaN : await app.ask('longest')
    const client = Math.max(...load.answers.map(({ ms }) => ms))
    return { load, app: longest, client, faults: faultsOf(load, isBack, longest) }
  } finally {
    await app.stop()
    await proxy.close()
  }
}

async function comesBack(load) {
  const giveUp = Date.now() + RECOVERY
  do {
    if (load.app.dead) return false
    if (await load.isBack().catch(() => false)) return true
    await sleep(100)
  } while (Date.now() < giveUp)
  return false
}

function faultsOf({ app, answers }, isBack, longest) {
  const faults = []
  if (app.dead) faults.push(`the process died:\n${app.output}`)
  if (!isBack) faults.push('not all visitors have their sessions back')

  if (longest > LIMIT) faults.push(`a request took ${Math.round(longest)} ms, and may take ${LIMIT} ms`)

  // 500 is the error of the store itself, where it gives one: a refused connection, say.
  const odd = answers.filter(({ status }) => ![200, 500, 503].includes(status))
  if (odd.length > 0)
    faults.push(`${odd.length} requests without an answer: ${odd[0].kind}, ${odd[0].status}`)
  return faults
}

function inBoth({ app, client }) {
  return `${Math.round(app)} ms in the app, ${Math.round(client)} ms for a client`
}

function describe(counts) {
  return Object.entries(counts)
    .map(([status, count]) => `${count} x ${status}`)
    .join(', ')
}
