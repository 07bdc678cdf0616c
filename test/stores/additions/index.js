'use strict'

// What additions promise holds on real servers: sessions go from 1.19.0 to this package with additions on, and back; no server
// keeps a session beyond its absolute timeout; and with touchInterval servers are asked as seldom as the docs say.
//
// `node test/stores/run.js additions` tries only this.

const assert = require('node:assert/strict')
const { createHash } = require('node:crypto')
const fs = require('node:fs/promises')
const os = require('node:os')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { AppProcess } = require('../harness/app-process')
const { RunningServer } = require('../harness/running-server')
const { Visitor } = require('../harness/visitor')
const readers = require('./readers')

const HOUR = 60 * 60 * 1000
const INTERVAL = 2000
const REQUESTS = 1000
const VISITORS = 10

const CONFIGURATIONS = [
  { id: 'redis-10', title: 'connect-redis 10, redis 6', server: 'redis' },
  { id: 'redis-3', title: 'connect-redis 3', server: 'redis' },
  { id: 'pg-simple', title: 'connect-pg-simple 10, pg 8', server: 'postgres' },
  { id: 'mongo-6', title: 'connect-mongo 6', server: 'mongodb' }
]

const DATA = { user: { name: 'Ada ü', roles: ['admin', null] }, views: 1, empty: {} }

/** Who may serve a session, with which options. */
const SERVERS_OF_A_SESSION = {
  '1.19.0': { implementation: 'upstream', options: {} },
  'ours, all off': { implementation: 'ours', options: {} },
  'ours, additions on': { implementation: 'ours', options: { absoluteTimeout: HOUR, touchInterval: 60_000 } }
}

/** Tries all this on all of these stores, one after another. Resolves with whether all is well. */
module.exports = async function additions() {
  const root = await fs.mkdtemp(path.join(os.tmpdir(), 'additions-'))
  await fs.chmod(root, 0o755)
  const faults = []
  try {
    for (const configuration of CONFIGURATIONS) {
      const server = await RunningServer.start(configuration.server, path.join(root, configuration.id))
      if (server.missing) {
        console.log(`\nSKIPPED additions on ${configuration.title}: needs ${server.missing}`)
        if (process.env.CI) faults.push(`${configuration.title}: no ${server.title}`)
        continue
      }
      try {
        faults.push(...(await tryAll(configuration, server)))
      } finally {
        await server.stop()
      }
    }
  } finally {
    await fs.rm(root, { recursive: true, force: true, maxRetries: 5 })
  }
  for (const fault of faults) console.log(`\nFAULT ${fault}`)
  console.log(`\nadditions on ${CONFIGURATIONS.length} stores: ${faults.length || 'no'} faults`)
  return faults.length === 0
}

const TRIALS = {
  'sessions are interchanged': interchange,
  'no session is kept beyond its end': notBeyondTheEnd,
  'a session ends': ending,
  'the store is asked to touch now and then': countTouches
}

async function tryAll({ id, title }, server) {
  const url = await server.part(`additions-${id}`)
  const apps = []
  /** Starts a process of the app. */
  const start = async (implementation, options) => {
    const app = new AppProcess({
      modulePath: path.join(__dirname, '..', 'configurations', id, 'index.js'),
      given: { url, name: 'additions' },
      implementation
    })
    apps.push(app)
    await app.start()
    await app.ask('use', options)
    return app
  }
  const reader = await readers[server.name](url)

  const faults = []
  console.log(`\n${title}`)
  try {
    for (const [name, trial] of Object.entries(TRIALS)) {
      try {
        const seen = await trial(start, reader)
        console.log(`  ${name}${seen ? `: ${seen}` : ''}`)
      } catch (error) {
        faults.push(`${title}: ${name}: ${error.stack}`)
      }
      for (const app of apps.splice(0)) await app.stop()
    }
  } finally {
    await reader.close()
  }
  return faults
}

/** From each who may serve a session to each other, and back. */
async function interchange(start) {
  const apps = {}
  for (const [name, { implementation, options }] of Object.entries(SERVERS_OF_A_SESSION)) {
    apps[name] = await start(implementation, options)
  }
  for (const first of Object.keys(apps)) {
    for (const second of Object.keys(apps)) {
      const visitor = new Visitor(apps[first])
      const { body } = await visitor.post('/put', DATA)
      for (const [views, name] of [second, first, second].entries()) {
        const there = visitor.at(apps[name])
        for (const route of ['/look', '/put']) {
          const answer = await (route === '/look'
            ? there.get(route)
            : there.post(route, { views: views + 2 }))
          const { cookie, ...data } = answer.body.session
          const what = `from ${first} to ${second}: ${route} at ${name}`
          assert.equal(answer.body.id, body.id, what)
          assert.ok(cookie, what)
          // To 1.19.0 what additions remember is data like any, which it carries along.
          if (name === '1.19.0') delete data.__session
          assert.deepEqual(data, { ...DATA, views: route === '/look' ? views + 1 : views + 2 }, what)
        }
      }
      const raw = await apps[first].ask('raw', body.id)
      const isOn = [first, second].includes('ours, additions on')
      assert.equal(/__session/.test(raw), isOn, `from ${first} to ${second}: ${raw}`)
    }
  }
}

/** What the server itself says of when it forgets a session. */
async function notBeyondTheEnd(start, reader) {
  for (const cookie of [{}, { maxAge: 7 * 24 * HOUR }]) {
    const app = await start('ours', { absoluteTimeout: HOUR, cookie, rolling: true })
    const visitor = new Visitor(app)
    const before = Date.now()
    const { body } = await visitor.post('/put', DATA)
    const after = Date.now()
    for (const path of ['', '/look', '/look']) {
      const { setCookie } = path ? await visitor.get(path) : { setCookie: [] }
      const left = await reader.timeLeft(body.id)
      assert.ok(left > 0 && left <= HOUR + 1000, `${left} ms are left`)
      for (const sent of setCookie) {
        const expires = Date.parse(/Expires=([^;]*)/.exec(sent)?.[1])
        if (cookie.maxAge) assert.ok(expires <= after + HOUR && expires >= before + HOUR - 1000, sent)
        else assert.ok(Number.isNaN(expires), sent)
      }
    }
  }
}

/**
 * In use all the time, and yet it ends: infoOf says why, the diagnostics channels say it, too, and nobody sees what is remembered
 * with the session.
 */
async function ending(start) {
  const app = await start('ours', { absoluteTimeout: 1500, cookie: { maxAge: HOUR } })
  const visitor = new Visitor(app)
  const { body } = await visitor.post('/put', DATA)
  const endsBefore = Date.now() + 1500
  assert.match(await app.ask('raw', body.id), /__session/)
  await app.ask('listen')
  const names = ['cookie', ...Object.keys(DATA)]
  let found = 0
  let unknown = 0
  for (;;) {
    const begun = Date.now()
    const { body: seen } = await visitor.get('/see')
    if (seen.id !== body.id) {
      // Where a store counts in whole seconds, and rounds down, its server drops the session before its end.
      if (seen.reason === 'unknown' && begun < endsBefore) {
        unknown++
        continue
      }
      assert.equal(seen.reason, 'expired')
      assert.deepEqual([...seen.names, Object.keys(seen.session)], Array(4).fill(['cookie']))
      break
    }
    found++
    assert.equal(seen.reason, 'found')
    const { cookie, ...data } = seen.session
    assert.ok(cookie)
    assert.deepEqual(data, DATA)
    for (const each of seen.names) assert.deepEqual([...each].sort(), [...names].sort())
  }
  assert.equal((await app.ask('store', { method: 'get', args: [body.id] })) ?? undefined, undefined)

  const messages = await app.ask('heard')
  const ref = createHash('sha256').update(body.id).digest('hex').slice(0, 16)
  for (const message of messages) {
    assert.deepEqual([message.ref, message.isWhole, message.error], [ref, true, undefined])
  }
  const told = (action) => messages.filter((each) => each.action === action).map(({ outcome }) => outcome)
  assert.deepEqual(told('load'), [
    ...Array(found).fill('found'),
    ...Array(unknown).fill('unknown'),
    'expired'
  ])
  // One that is under way at the end is not touched.
  assert.ok(told('touch').length >= found - 1, String(told('touch')))
  for (const outcome of told('touch')) assert.match(outcome, /^(done|gone)$/)
  // A server may have dropped it by itself.
  assert.ok(told('destroy').length <= 1)
  for (const outcome of told('destroy')) assert.equal(outcome, 'done')
  assert.deepEqual([...told('save'), ...told('regenerate')], [])
  return `found ${found} times${unknown ? `, unknown ${unknown} times` : ''}, then expired, ${told('destroy').length ? 'and destroyed' : 'dropped by the server'}`
}

/** The requests of ten visitors who only read, without the option and with it, by one process and by two. */
async function countTouches(start, reader) {
  const cookie = { maxAge: HOUR }
  const counts = []
  for (const [name, options, processes] of [
    ['without', { cookie }, 1],
    ['with', { cookie, touchInterval: INTERVAL }, 1],
    ['with, two processes', { cookie, touchInterval: INTERVAL }, 2]
  ]) {
    const apps = []
    while (apps.length < processes) apps.push(await start('ours', options))
    const visitors = Array.from({ length: VISITORS }, () => new Visitor(apps[0]))
    await Promise.all(visitors.map((visitor) => visitor.post('/put', DATA)))
    // So that there is something to do for a touch.
    await sleep(INTERVAL)
    for (const app of apps) await app.ask('calls')
    await reader.resetCounts?.()
    const began = Date.now()
    await Promise.all(
      visitors.map(async (visitor) => {
        for (let i = 0; i < REQUESTS / VISITORS; i++) await visitor.at(apps[i % processes]).get('/look')
      })
    )
    const intervals = Math.floor((Date.now() - began) / INTERVAL) + 1

    const calls = (await Promise.all(apps.map((app) => app.ask('calls')))).flat()
    const gets = calls.filter(([method]) => method === 'get').length
    const touches = calls.filter(([method]) => method === 'touch').length
    assert.deepEqual([gets, calls.length], [REQUESTS, gets + touches])
    if (options.touchInterval) {
      assert.ok(touches >= VISITORS && touches <= VISITORS * processes * intervals, `${touches} touches`)
    } else assert.equal(touches, REQUESTS)
    counts.push(`${name} ${(await reader.counts?.()) ?? `${gets} get, ${touches} touch`}`)
  }
  return counts.join('; ')
}
