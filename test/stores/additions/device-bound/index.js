'use strict'

// With deviceBound four processes that share a real store are one server to a browser: whichever it comes to, its session is
// bound, refreshed and refused alike.
//
// `node test/stores/run.js device-bound` tries only this.

const assert = require('node:assert/strict')
const { fork } = require('node:child_process')
const fs = require('node:fs/promises')
const os = require('node:os')
const path = require('node:path')
const { DeviceBrowser } = require('../../../support/device-browser')
const { visit } = require('../../../support/harness')
const { RunningServer } = require('../../harness/running-server')

const CONFIGURATIONS = [
  { id: 'redis-10', title: 'connect-redis 10, redis 6', server: 'redis' },
  { id: 'redis-3', title: 'connect-redis 3', server: 'redis' },
  { id: 'pg-simple', title: 'connect-pg-simple 10, pg 8', server: 'postgres' },
  { id: 'mongo-6', title: 'connect-mongo 6', server: 'mongodb' }
]

const PROCESSES = 4
const MINUTE = 60_000

/** Tries all of these stores, one after another. Resolves with whether all is well. */
module.exports = async function deviceBound() {
  const root = await fs.mkdtemp(path.join(os.tmpdir(), 'device-bound-'))
  await fs.chmod(root, 0o755)
  const faults = []
  try {
    for (const { id, title, server: kind } of CONFIGURATIONS) {
      const server = await RunningServer.start(kind, path.join(root, id))
      if (server.missing) {
        console.log(`\nSKIPPED sessions bound to a device on ${title}: needs ${server.missing}`)
        if (process.env.CI) faults.push(`${title}: no ${server.title}`)
        continue
      }
      try {
        const name = `device-bound-${id}`
        await tryOn(id, { url: await server.part(name), name })
      } catch (error) {
        faults.push(`${title}: ${error.stack}`)
      } finally {
        await server.stop()
      }
    }
  } finally {
    await fs.rm(root, { recursive: true, force: true, maxRetries: 5 })
  }
  for (const fault of faults) console.log(`\nFAULT ${fault}`)
  console.log(
    `\nsessions bound to a device, ${PROCESSES} processes on ${CONFIGURATIONS.length} stores: ${faults.length || 'no'} faults`
  )
  return faults.length === 0
}

async function tryOn(id, given) {
  const { now } = Date
  const workers = []
  try {
    for (let i = 0; i < PROCESSES; i++) workers.push(await start(id, given))
    await tryProcesses(workers, (ms) => {
      const later = Date.now() + ms - now()
      Date.now = () => now() + later
      return Promise.all(workers.map((worker) => worker.ask({ later })))
    })
  } finally {
    Date.now = now
    await Promise.all(workers.map((worker) => worker.stop()))
  }
}

/** @param pass - lets time pass, in all processes */
async function tryProcesses(workers, pass) {
  let turn = 0
  const taken = (request) => visit(workers[turn++ % PROCESSES].port, request)
  const browser = new DeviceBrowser(taken)
  const page = async (path = '/') => JSON.parse((await browser.page(path)).body)
  const everywhere = (cookie) =>
    Promise.all(
      workers.map(async ({ port }) => {
        const request = { cookie, headers: { 'x-forwarded-proto': 'https' } }
        const { user, reason } = JSON.parse((await visit(port, request)).body)
        return user ?? reason
      })
    )
  const all = (what) => Array(PROCESSES).fill(what)

  await page('/login')
  assert.deepEqual(browser.takeAsked(), ['register 200'])
  assert.equal((await page()).isBound, true)
  const loot = browser.cookies()
  const alone = `connect.sid=${browser.cookie('connect.sid')}`
  assert.deepEqual(await everywhere(loot), all('ada'))
  assert.deepEqual(await everywhere(alone), all('ada'), 'within the ten seconds')

  await pass(11_000)
  assert.deepEqual(await everywhere(alone), all('unproven'))
  assert.deepEqual(await everywhere(loot), all('ada'))

  // Each process asks, each answers what another has asked.
  for (let i = 0; i < 3 * PROCESSES; i++) {
    await pass(10 * MINUTE)
    assert.deepEqual(await everywhere(loot), all('unproven'))
    assert.equal((await page('/write')).user, 'ada')
    assert.deepEqual(browser.takeAsked(), ['refresh 403', 'refresh 200'])
  }

  // A request that began before a session was bound, at another process, and saves it after that.
  const second = new DeviceBrowser(taken)
  second.registersAtOnce = false
  await second.page('/login')
  const slow = visit(workers[0].port, {
    path: '/slow',
    cookie: `connect.sid=${second.cookie('connect.sid')}`,
    headers: { 'x-forwarded-proto': 'https' }
  })
  await workers[0].ask({ until: 'slow' })
  await second.takeUpOffers()
  turn = 1
  assert.equal(JSON.parse((await second.page('/')).body).isBound, true)
  await workers[0].ask({ letGo: true })
  await slow
  await second.page('/')
  await pass(11_000)
  assert.deepEqual(await everywhere(`connect.sid=${second.cookie('connect.sid')}`), all('unproven'))
  assert.deepEqual(await everywhere(second.cookies()), all('ada'))

  await page('/logout')
  await pass(10 * MINUTE)
  assert.equal((await page()).user, undefined)
  assert.deepEqual(browser.takeAsked(), ['refresh 200'])
  assert.equal(browser.deviceSessions.size, 0)
}

async function start(id, given) {
  const child = fork(path.join(__dirname, 'worker.js'), [id, JSON.stringify(given)])
  const answers = []
  const waiting = []
  let isOver = false
  child.on('message', (message) =>
    waiting.length > 0 ? waiting.shift().resolve(message) : answers.push(message)
  )
  const closed = new Promise((resolve) => child.on('close', resolve)).then(() => {
    isOver = true
    for (const { reject } of waiting) reject(new Error('the process has ended'))
  })
  const next = () =>
    new Promise((resolve, reject) => {
      if (answers.length > 0) resolve(answers.shift())
      else if (isOver) reject(new Error('the process has ended'))
      else waiting.push({ resolve, reject })
    })
  const { port } = await next()
  return {
    port,
    ask: (question) => {
      child.send(question)
      return next()
    },
    stop: () => {
      child.kill()
      return closed
    }
  }
}
