'use strict'

// A session id that is renewed with a grace logs nobody out and leaves one session, on real servers, on one process and on four.
//
// `node test/stores/run.js renewal` tries only this.

const assert = require('node:assert/strict')
const { fork } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs/promises')
const os = require('node:os')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { RunningServer } = require('../harness/running-server')
const stores = require('./stores')

const ROUNDS = 10
const REQUESTS = 20
const GRACE = 30_000
/** So that somebody can wait for its end. */
const SHORT_GRACE = 1000

const TITLES = { redis: 'connect-redis 10, redis 6', postgres: 'connect-pg-simple 10, pg 8' }

/** Tries all this on both servers, one after another. Resolves with whether all is well. */
module.exports = async function renewal() {
  const root = await fs.mkdtemp(path.join(os.tmpdir(), 'renewal-'))
  await fs.chmod(root, 0o755)
  const faults = []
  try {
    for (const [name, title] of Object.entries(TITLES)) {
      const server = await RunningServer.start(name, path.join(root, name))
      if (server.missing || !server.isOurs) {
        console.log(`\nSKIPPED renewal on ${title}: needs ${server.missing ?? 'a server of its own'}`)
        if (process.env.CI && server.missing) faults.push(`${title}: no ${server.title}`)
        continue
      }
      try {
        const url = await server.part('renewal')
        for (const processes of [1, 4]) {
          for (const updates of [false, true]) {
            const where = `${title}, ${processes} process${processes > 1 ? 'es' : ''}, ${updates ? 'with' : 'without'} update`
            console.log(`\n${where}`)
            faults.push(...(await tryAll({ name, url, processes, updates }, where)))
          }
        }
      } finally {
        await server.stop()
      }
    }
  } finally {
    await fs.rm(root, { recursive: true, force: true, maxRetries: 5 })
  }
  for (const fault of faults) console.log(`\nFAULT ${fault}`)
  console.log(`\nrenewal on ${Object.keys(TITLES).length} servers: ${faults.length || 'no'} faults`)
  return faults.length === 0
}

const TRIALS = {
  'the old record': oldRecord,
  [`a page of ${REQUESTS} requests, one of which renews`]: page,
  'four tabs that renew at the same moment': tabs,
  'a logout within the grace': logout,
  'a login': login,
  'the end of the grace': end
}

async function tryAll({ name, url, processes, updates }, where) {
  const apps = []
  const reader = await stores[name](url, false)
  const faults = []
  try {
    while (apps.length < processes) apps.push(await startApp([name, url, String(updates)]))
    const site = new Site(apps.map(({ port }) => port))
    await reader.clear().catch(() => {})
    await site.meetAPointer()
    for (const [what, trial] of Object.entries(TRIALS)) {
      try {
        await reader.clear()
        const seen = await trial(site, reader, { processes, updates })
        console.log(`  ${what}: ${seen ?? 'as promised'}`)
      } catch (error) {
        faults.push(`${where}: ${what}: ${error.stack}`)
      }
    }
  } finally {
    for (const { child, ended } of apps) {
      child.kill('SIGKILL')
      await ended
    }
    await reader.close()
  }
  return faults
}

async function startApp(args) {
  const child = fork(path.join(__dirname, 'app.js'), args)
  const ended = once(child, 'exit')
  const [{ port }] = await Promise.race([
    once(child, 'message'),
    ended.then(() => Promise.reject(new Error('the app did not start')))
  ])
  return { child, port, ended }
}

/** The app on its processes, each of which serves every n-th request. */
class Site {
  constructor(ports) {
    this.ports = ports
    this.served = 0
  }

  async ask(url, cookie) {
    const port = this.ports[this.served++ % this.ports.length]
    const response = await fetch(`http://127.0.0.1:${port}${url}`, { headers: cookie ? { cookie } : {} })
    const told = await response.json()
    return { told, cookie: response.headers.getSetCookie()[0]?.split(';')[0] }
  }

  renew(cookie, grace = GRACE) {
    return this.ask(`/renew?grace=${grace}`, cookie)
  }

  async logIn() {
    const { cookie } = await this.ask('/login')
    return cookie
  }

  /** From then on each process knows that ids are renewed here. */
  async meetAPointer() {
    const old = await this.logIn()
    await this.renew(old)
    for (let i = 0; i < this.ports.length; i++) assert.equal((await this.ask('/', old)).told.user, 'ada')
  }
}

const idIn = (cookie) => decodeURIComponent(cookie).match(/=s:(.*)\./)[1]

/** The ids of the sessions that there are, without the pointers. */
async function sessionsIn(reader) {
  const records = Object.entries(await reader.records())
  return records.filter(([, text]) => !JSON.parse(text).__session?.pointer).map(([id]) => id)
}

async function oldRecord(site, reader) {
  const old = await site.logIn()
  const { cookie } = await site.renew(old)
  const text = (await reader.records())[idIn(old)]
  assert.deepEqual(Object.keys(JSON.parse(text)).sort(), ['__session', 'cookie'])
  assert.ok(!text.includes(idIn(cookie)) && !text.includes('ada') && !text.includes('tea'), text)
  const left = await reader.timeLeft(idIn(old))
  assert.ok(left > 0 && left <= GRACE + 1000, `${left} ms are left`)
  return `${text.length} bytes, no data, no id; ${Math.round(left / 1000)} s left of ${GRACE / 1000}`
}

async function page(site, reader, { processes, updates }) {
  let several = 0
  for (let round = 0; round < ROUNDS; round++) {
    await reader.clear()
    const old = await site.logIn()
    const urls = Array.from({ length: REQUESTS }, (_, i) => (i % 4 === 1 ? `/write?what=${i}` : '/'))
    urls[7] = `/renew?grace=${GRACE}`
    const answers = await Promise.all(urls.map((url) => site.ask(url, old)))
    for (const { told } of answers)
      assert.deepEqual([told.user, told.cart, told.reason], ['ada', ['tea'], 'found'])
    const { cookie } = answers[7]
    assert.equal((await site.ask('/', cookie)).told.user, 'ada')
    const sessions = await sessionsIn(reader)
    assert.ok(sessions.includes(idIn(cookie)))
    if (sessions.length > 1) several += 1
    if (processes === 1 || updates) assert.deepEqual(sessions, [idIn(cookie)])
  }
  return `${ROUNDS * REQUESTS} requests, none logged out; more than one session after ${several} of ${ROUNDS} pages`
}

async function tabs(site, reader, { processes, updates }) {
  let several = 0
  for (let round = 0; round < ROUNDS; round++) {
    await reader.clear()
    const old = await site.logIn()
    const answers = await Promise.all(Array.from({ length: 4 }, () => site.renew(old)))
    for (const { told, cookie } of answers) {
      assert.equal(told.user, 'ada')
      assert.equal((await site.ask('/', cookie)).told.user, 'ada')
    }
    // The id of one may lead to the session of another.
    const ids = new Set()
    for (const { cookie } of answers) ids.add((await site.ask('/', cookie)).told.id)
    assert.deepEqual((await sessionsIn(reader)).sort(), [...ids].sort())
    if (ids.size > 1) several += 1
    if (processes === 1 || updates) assert.equal(ids.size, 1)
  }
  return `all logged in; in more than one session after ${several} of ${ROUNDS} rounds`
}

async function logout(site, reader) {
  for (const byOld of [true, false]) {
    const old = await site.logIn()
    const { cookie } = await site.renew(old)
    await site.ask('/logout', byOld ? old : cookie)
    for (let i = 0; i < site.ports.length; i++) {
      for (const id of [old, cookie]) assert.equal((await site.ask('/', id)).told.reason, 'unknown')
    }
    assert.deepEqual(await sessionsIn(reader), [])
  }
}

async function login(site, reader) {
  const old = await site.logIn()
  const { cookie } = await site.ask('/relogin', old)
  assert.notEqual(cookie, old)
  for (let i = 0; i < site.ports.length; i++) assert.equal((await site.ask('/', old)).told.reason, 'unknown')
  assert.deepEqual(await sessionsIn(reader), [idIn(cookie)])
}

async function end(site, reader) {
  const old = await site.logIn()
  const { cookie } = await site.renew(old, SHORT_GRACE)
  const renewed = Date.now()
  while ((await site.ask('/', old)).told.reason === 'found') {
    assert.ok(Date.now() - renewed < SHORT_GRACE + 10_000, 'the old id still opens the session')
    await sleep(20)
  }
  for (let i = 0; i < site.ports.length; i++) {
    assert.equal((await site.ask('/', old)).told.reason, 'unknown')
    assert.equal((await site.ask('/', cookie)).told.user, 'ada')
  }
  // The processes take it away, whatever the server does.
  while ((await reader.records())[idIn(old)]) await sleep(20)
}
