'use strict'

// With concurrency: 'merge' parallel requests of one session lose nothing: from one process on any store, and from several
// on a store with the `update` of examples/stores, which leaves nothing half written, whoever dies meanwhile.

const fs = require('node:fs/promises')
const os = require('node:os')
const path = require('node:path')
const { RunningServer } = require('../../harness/running-server')
const { signalAll } = require('../../harness/signal-all')
const { OwnProcess, freePort } = require('../../servers/own-process')
const findCommand = require('../../servers/find-command')
const { Processes } = require('./processes')
const stores = require('./stores')
const whatUpdateDoes = require('./what-update-does')

const REQUESTS = 200

/** Tries all that. Resolves with whether all is well. */
module.exports = async function merge() {
  const root = await fs.mkdtemp(path.join(os.tmpdir(), 'merge-'))
  await fs.chmod(root, 0o755)
  const faults = []
  const run = async (what, work) => {
    try {
      console.log(`  ${what}: ${(await work()) ?? 'yes'}`)
    } catch (error) {
      console.log(`  ${what}: FAULT`)
      faults.push(`${what}: ${error.stack}`)
    }
  }
  try {
    for (const name of Object.keys(stores)) await tryStore(name, root, run, faults)
    for (const name of Object.keys(stores)) {
      if (stores[name].server === 'redis') await run(`${name}, in a cluster`, () => inCluster(name, root))
    }
  } finally {
    await fs.rm(root, { recursive: true, force: true, maxRetries: 5 })
  }
  for (const fault of faults) console.log(`\nFAULT merge: ${fault}`)
  console.log(`\nmerge on ${Object.keys(stores).length} stores: ${faults.length || 'no'} faults`)
  return faults.length === 0
}

async function tryStore(name, root, run, faults) {
  const server = await RunningServer.start(stores[name].server, path.join(root, name.replace(/\W+/g, '-')))
  console.log(`\nParallel changes of one session, ${name}`)
  if (server.missing) {
    console.log(`  SKIPPED: needs ${server.missing}`)
    if (process.env.CI) faults.push(`${name}: no ${server.title}`)
    return
  }
  try {
    const url = await server.part('merge')
    await run('update does what it should', async () =>
      whatUpdateDoes(name, await server.part('merge-update'))
    )
    for (const count of [1, 4]) {
      for (const updates of [1, 0]) {
        const isSure = count === 1 || updates === 1
        const what = `${REQUESTS} from ${count} process${count > 1 ? 'es' : ''}, ${updates ? 'with' : 'without'} update`
        await run(what, () => inParallel({ name, url, count, updates, isSure }))
      }
    }
    await run('a process dies between reading and writing', () => processDies(name, url))
    if (server.isOurs)
      await run('the server dies between reading and writing', () => serverDies(name, url, server))
  } finally {
    await server.stop()
  }
}

/** Each of many requests adds a key and raises a counter. */
async function inParallel({ name, url, count, updates, isSure }) {
  const processes = await Processes.start(count, name, url, updates, 0)
  try {
    const { cookie } = await processes.get('/begin')
    await Promise.all(Array.from({ length: REQUESTS }, (_, number) => processes.get(`/key${number}`, cookie)))
    const { body } = await processes.get('/look', cookie)
    const keys = Object.keys(body).filter((key) => key.startsWith('key')).length
    const seen = `${keys} keys, the counter says ${body.count}`
    const isRight = keys === REQUESTS && body.count === REQUESTS + 1
    if (processes.errors.length > 0) throw new Error(processes.errors[0])
    if (isSure && !isRight) throw new Error(seen)
    return seen
  } finally {
    await processes.stop()
  }
}

async function processDies(name, url) {
  const dying = await Processes.start(1, name, url, 1, 1)
  const living = await Processes.start(1, name, url, 1, 0)
  try {
    const { cookie } = await dying.get('/begin')
    await dying.get('/first', cookie)
    await assertRejects(dying.get('/second', cookie))
    if ((await dying.all[0].child.ended) !== 'SIGKILL') throw new Error('it has not died')
    // Neither is it half written, nor does a lock keep others out.
    assertSame((await living.get('/look', cookie)).body, { begin: true, count: 2, first: true })
    await living.get('/third', cookie)
    assertSame((await living.get('/look', cookie)).body, { begin: true, count: 3, first: true, third: true })
  } finally {
    await dying.stop()
    await living.stop()
  }
}

async function serverDies(name, url, server) {
  const opened = await stores[name].open(url)
  const store = opened.withUpdate()
  const session = { cookie: { originalMaxAge: null, expires: null }, user: 'ada' }
  const ask = (method, ...args) =>
    new Promise((resolve, reject) => {
      store[method](...args, (error, result) => (error ? reject(error) : resolve(result)))
    })
  try {
    await ask('set', 'survivor', session)
    let dead
    const change = (stored) => {
      // Before what is changed is sent.
      if (!dead) {
        signalAll(server.process.process.pid, 'SIGKILL')
        dead = server.process.kill()
      }
      return { ...stored, user: 'eve', more: 'data' }
    }
    const updated = ask('update', 'survivor', change).catch((error) => error)
    // It is for the client to wait until the server is back, or to say that it failed.
    while (!dead) await new Promise(setImmediate)
    await dead
    await server.process.start()
    const failed = await updated
    const stored = await eventually(() => ask('get', 'survivor'))
    assertSame(stored, failed ? session : { ...session, user: 'eve', more: 'data' })
    await eventually(() => ask('update', 'survivor', (found) => ({ ...found, user: 'bob' })))
    assertSame((await ask('get', 'survivor')).user, 'bob')
    return failed ? 'it failed, and nothing was written' : 'it was done when the server was back'
  } finally {
    await opened.close()
  }
}

/** Redis Cluster: a script may touch one key, and the client finds the node by it. */
async function inCluster(name, root) {
  const command = findCommand('redis-server', 'valkey-server')
  if (!command) return 'SKIPPED: no redis-server'
  const port = await freePort()
  const dir = await fs.mkdtemp(path.join(root, 'cluster-'))
  const args = ['--port', port, '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--cluster-enabled', 'yes']
  args.push('--cluster-announce-ip', '127.0.0.1', '--cluster-port', await freePort())
  const server = new OwnProcess({ command, args, port })
  await server.start()
  try {
    await takeAllSlots(name, port)
    await whatUpdateDoes(name, `redis://127.0.0.1:${port}`, true)
  } finally {
    await server.kill()
  }
}

async function takeAllSlots(name, port) {
  const { createClient } = require('redis')
  const client = createClient({ url: `redis://127.0.0.1:${port}` })
  await client.connect()
  await client.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', '0', '16383'])
  await eventually(async () => {
    const info = await client.sendCommand(['CLUSTER', 'INFO'])
    if (!info.includes('cluster_state:ok')) throw new Error(info)
  })
  await client.quit()
}

/** Tries until it works, for some seconds. */
async function eventually(work) {
  const giveUp = Date.now() + 15_000
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (Date.now() > giveUp) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

async function assertRejects(promise) {
  const answer = await promise.catch(() => undefined)
  if (answer) throw new Error('it was answered')
}

function assertSame(seen, expected) {
  const sorted = (value) =>
    JSON.stringify(value, (key, inner) =>
      inner && typeof inner === 'object' && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort())
        : inner
    )
  if (sorted(seen) !== sorted(expected)) throw new Error(`${sorted(seen)} is not ${sorted(expected)}`)
}
