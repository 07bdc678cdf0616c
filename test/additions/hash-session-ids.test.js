'use strict'

// With hashSessionIds what a store holds, and all that it is asked by, opens no session; those from before are moved.

const assert = require('node:assert/strict')
const { createHash } = require('node:crypto')
const { AsyncLocalStorage } = require('node:async_hooks')
const express = require('express')
const http = require('node:http')
const { sign } = require('cookie-signature')
const upstream = require('upstream-session')
const { readOfUndefined } = require('../support/engine')
const {
  JsonStore,
  closeAll,
  gate,
  listen,
  loggedIn,
  pause,
  serve,
  session,
  until,
  usual
} = require('../support/harness')

const { hashSessionId } = session
const HOUR = 60 * 60 * 1000

const cookieOf = (id) => `connect.sid=${encodeURIComponent('s:' + sign(id, usual.secret))}`

const greet = (req, res) => res.end(req.session.user ? `hello ${req.session.user}` : `new ${req.sessionID}`)

/** What a store was asked, with k1 for the key of id1. */
function named(calls) {
  const names = new Map(Array.from({ length: 9 }, (_, i) => [hashSessionId(`id${i}`), `k${i}`]))
  return calls.map((call) => call.replace(/sha256-\S+/, (key) => names.get(key) ?? key))
}

/** A store that has a session from before, under its plain id. */
function storeFromBefore(over, cookie = { originalMaxAge: null, expires: null, httpOnly: true, path: '/' }) {
  const store = new JsonStore(over)
  store.sessions.old = JSON.stringify({ cookie, user: 'ada', cart: ['tea'] })
  return store
}

afterEach(closeAll)

describe('session.hashSessionId', () => {
  it('gives sha256- and the SHA-256 of the id in base64url', () => {
    const expected = 'sha256-' + createHash('sha256').update('id1').digest('base64url')
    assert.equal(session.hashSessionId('id1'), expected)
    assert.match(expected, /^sha256-[\w-]{43}$/)
  })

  it('refuses what is no text', () => {
    for (const id of [undefined, null, 5, {}]) assert.throws(() => session.hashSessionId(id), TypeError)
  })
})

describe('hashSessionIds', () => {
  it('is refused where it is neither true nor false', () => {
    for (const wrong of ['sha256', 1, null]) {
      assert.throws(() => session({ ...usual, hashSessionIds: wrong }), {
        name: 'TypeError',
        message: /^hashSessionIds option must be true or false, not /
      })
    }
  })

  it('is off by default', async () => {
    for (const hashSessionIds of [undefined, false]) {
      const { store } = await loggedIn({ hashSessionIds }, greet)
      assert.deepEqual(Object.keys(store.sessions), ['id1'])
    }
  })

  it('has the store see keys only: save, load, touch, reload, regenerate, destroy', async () => {
    const { store, cookie, visit } = await loggedIn(
      { hashSessionIds: true, cookie: { maxAge: HOUR } },
      async (req, res) => {
        const action = req.url.slice(1)
        if (action) await req.session[action]()
        if (action === 'regenerate') req.session.user = 'ada again'
        res.end(req.session?.user)
      }
    )
    assert.deepEqual(Object.keys(store.sessions), [hashSessionId('id1')])

    assert.equal((await visit({ cookie })).body, 'ada')
    assert.deepEqual(named(store.takeCalls()), ['get k1', 'touch k1'])
    await visit({ cookie, path: '/save' })
    assert.deepEqual(named(store.takeCalls()), ['get k1', 'set k1'])
    await visit({ cookie, path: '/reload' })
    assert.deepEqual(named(store.takeCalls()), ['get k1', 'get k1', 'touch k1'])

    const renewed = await visit({ cookie, path: '/regenerate' })
    assert.deepEqual(named(store.takeCalls()), ['get k1', 'destroy k1', 'set k2'])
    assert.equal((await visit(renewed)).body, 'ada again')
    store.takeCalls()
    await visit({ ...renewed, path: '/destroy' })
    assert.deepEqual(named(store.takeCalls()), ['get k2', 'destroy k2'])
    assert.deepEqual(store.sessions, {})
  })

  it('keeps the id everywhere else', async () => {
    const { cookie, visit } = await loggedIn({ hashSessionIds: true }, (req, res) =>
      res.json([req.sessionID, req.session.id, req.session.req.sessionID])
    )
    assert.equal(cookie, cookieOf('id1'))
    assert.deepEqual(JSON.parse((await visit({ cookie })).body), ['id1', 'id1', 'id1'])
  })

  it("destroys what unset: 'destroy' ends by its key", async () => {
    const { cookie, visit, store } = await loggedIn(
      { hashSessionIds: true, unset: 'destroy' },
      (req, res) => {
        req.session = null
        res.end()
      }
    )
    await visit({ cookie })
    assert.deepEqual(named(store.takeCalls()), ['get k1', 'destroy k1'])
  })

  it('gives set and touch a session whose id is the key, and whose data are those of the session', async () => {
    const given = []
    const store = new JsonStore({
      set(sid, data, callback) {
        given.push([data.id, { ...data, cookie: data.cookie.maxAge > 0 }])
        JsonStore.prototype.set.call(this, sid, data, callback)
      },
      touch(sid, data, callback) {
        given.push([data.id, { ...data, cookie: data.cookie.maxAge > 0 }])
        setImmediate(callback)
      }
    })
    const { visit, cookie } = await loggedIn({ hashSessionIds: true, store, cookie: { maxAge: HOUR } }, greet)
    await visit({ cookie })
    const expected = [hashSessionId('id1'), { cookie: true, user: 'ada', nested: { count: 0 } }]
    assert.deepEqual(given, [expected, expected])
  })

  it("stores what 1.19 stores, but for the id's hash, in MemoryStore too", async () => {
    const stored = await Promise.all(
      [session, upstream].map(async (implementation) => {
        const store = new implementation.MemoryStore()
        const app = express()
        const hashSessionIds = implementation === session
        app.use(implementation({ ...usual, store, genid: () => 'id1', hashSessionIds }))
        app.get('/', (req, res) => {
          req.session.user = 'ada'
          res.end()
        })
        const { visit } = await listen(http.createServer(app))
        await visit()
        return Object.entries(store.sessions)
      })
    )
    assert.deepEqual(stored[0], [[hashSessionId('id1'), stored[1][0][1]]])
  })

  it('leaves an id that is no text, which is neither stored nor sent, as it is', async () => {
    const store = new JsonStore()
    const { visit } = await serve({ store, hashSessionIds: true, genid: () => 5 }, (req, res) => {
      req.session.user = 'ada'
      res.end(String(req.sessionID))
    })
    const { body, setCookie } = await visit()
    assert.deepEqual([body, setCookie, store.calls], ['5', [], []])
  })

  it('opens nothing to who presents a key as an id, though it is signed', async () => {
    const { store, visit } = await loggedIn({ hashSessionIds: true }, greet)
    const [key] = Object.keys(store.sessions)
    store.takeCalls()
    assert.match((await visit({ cookie: cookieOf(key) })).body, /^new/)
    assert.deepEqual(store.takeCalls(), [`get ${hashSessionId(key)}`])
  })

  it('refuses a key as an id to a session that lies there plainly, too', async () => {
    const store = new JsonStore()
    store.sessions['sha256-planted'] = JSON.stringify({ cookie: {}, user: 'eve' })
    const { visit } = await serve({ store, hashSessionIds: true }, greet)
    assert.match((await visit({ cookie: cookieOf('sha256-planted') })).body, /^new/)
  })

  it('lets no request that is under way bring an ended session back', async () => {
    const waiting = gate()
    const { store, cookie, visit } = await loggedIn(
      { hashSessionIds: true, storeTimeout: 5000 },
      async (req, res) => {
        if (req.url === '/logout') await req.session.destroy()
        else {
          await new Promise((resolve) => waiting.pass(resolve))
          req.session.late = true
          const error = await req.session.save().catch((error) => error)
          return res.end(error?.code)
        }
        res.end()
      }
    )
    const late = visit({ cookie })
    await until(() => waiting.waiting === 1)
    await visit({ cookie, path: '/logout' })
    waiting.open()
    assert.equal((await late).body, 'ESESSIONENDED')
    assert.deepEqual(store.sessions, {})
  })

  it('undoes a save that the store does late, after its time was over and the session had ended', async () => {
    const late = gate()
    const store = new JsonStore()
    const { cookie, visit } = await loggedIn(
      { hashSessionIds: true, storeTimeout: 20, store },
      async (req, res) => {
        if (req.url === '/logout') await req.session.destroy()
        else req.session.late = true
        res.end()
      }
    )
    store.set = (sid, data, callback) =>
      late.pass(() => JsonStore.prototype.set.call(store, sid, data, callback))
    await visit({ cookie })
    await visit({ cookie, path: '/logout' })
    late.open()
    await until(() => store.calls.filter((call) => call.startsWith('destroy')).length === 2)
    assert.deepEqual(store.sessions, {})
    assert.ok(!store.calls.some((call) => /id1/.test(call)))
  })
})

describe('regenerate with hashSessionIds', () => {
  it("goes through the store's own method, which sees the key until there is a new id", async () => {
    const seen = []
    const store = new JsonStore({
      regenerate(req, callback) {
        seen.push(req.sessionID)
        session.Store.prototype.regenerate.call(this, req, (error) => {
          seen.push(req.sessionID, req.session.id, req.url)
          callback(error)
        })
      }
    })
    const { visit, cookie } = await loggedIn({ hashSessionIds: true, store }, async (req, res) => {
      await req.session.regenerate()
      res.json([req.sessionID, req.session.id, req.session.req === req])
    })
    const { body } = await visit({ cookie })
    assert.deepEqual(JSON.parse(body), ['id2', 'id2', true])
    assert.deepEqual(seen, [hashSessionId('id1'), 'id2', 'id2', '/'])
  })

  it('works where the store sets the session of the request itself', async () => {
    const store = new JsonStore({
      regenerate(req, callback) {
        this.destroy(req.sessionID, (error) => {
          req.sessionID = 'chosen'
          this.createSession(req, { cookie: new session.Cookie() })
          callback(error)
        })
      }
    })
    const { visit, cookie } = await loggedIn({ hashSessionIds: true, store }, async (req, res) => {
      if (req.url === '/') {
        await req.session.regenerate()
        req.session.user = 'chosen one'
      }
      res.end(`${req.sessionID} ${req.session.user}`)
    })
    const renewed = await visit({ cookie })
    assert.equal(renewed.body, 'chosen chosen one')
    assert.deepEqual(Object.keys(store.sessions), [hashSessionId('chosen')])
    assert.equal((await visit({ ...renewed, path: '/again' })).body, 'chosen chosen one')
  })

  it('works with a store that extends the published express-session', async () => {
    const store = Object.assign(Object.create(upstream.Store.prototype), { sessions: {}, calls: [] })
    for (const name of ['get', 'set', 'touch', 'destroy', 'takeCalls'])
      store[name] = JsonStore.prototype[name]
    const { visit, cookie } = await loggedIn({ hashSessionIds: true, store }, async (req, res) => {
      await req.session.regenerate()
      req.session.user = 'renewed'
      res.end(req.sessionID)
    })
    assert.equal((await visit({ cookie })).body, 'id2')
    assert.deepEqual(Object.keys(store.sessions), [hashSessionId('id2')])
  })

  it('gives genid and the cookie function the request itself', async () => {
    const requests = new Set()
    let ids = 0
    const genid = (req) => {
      requests.add(req)
      return `id${++ids}`
    }
    const { visit, cookie } = await loggedIn({ hashSessionIds: true, genid }, async (req, res) => {
      const before = requests.size
      await req.session.regenerate()
      res.end(`${requests.size - before} ${requests.has(req)}`)
    })
    assert.equal((await visit({ cookie })).body, '1 true')
  })
})

describe('a session from before hashSessionIds', () => {
  const hashing = { hashSessionIds: true }
  const key = hashSessionId('old')
  const cookie = cookieOf('old')

  it('is found once under its plain id, and moved', async () => {
    const store = storeFromBefore()
    const { visit } = await serve({ ...hashing, store }, greet)
    assert.equal((await visit({ cookie })).body, 'hello ada')
    assert.deepEqual(Object.keys(store.sessions), [key])
    assert.deepEqual(
      store.takeCalls().map((call) => call.replace(key, 'key')),
      ['get key', 'get old', 'set key', 'get key', 'destroy old', 'touch key']
    )
    assert.equal((await visit({ cookie })).body, 'hello ada')
    assert.deepEqual(store.takeCalls(), [`get ${key}`, `touch ${key}`])
  })

  it('is as it was, and stored as any other from its next save on', async () => {
    const store = storeFromBefore()
    const { visit } = await serve({ ...hashing, store }, (req, res) => {
      if (req.url === '/change') req.session.cart.push('milk')
      res.json(req.session)
    })
    const before = JSON.parse(store.sessions.old)
    assert.deepEqual(JSON.parse((await visit({ cookie })).body), before)
    await visit({ cookie, path: '/change' })
    assert.deepEqual(JSON.parse(store.sessions[key]), { ...before, cart: ['tea', 'milk'] })
  })

  it('keeps what others remember with it', async () => {
    const store = storeFromBefore()
    store.sessions.old = JSON.stringify({ ...JSON.parse(store.sessions.old), __session: { other: 1 } })
    const { visit } = await serve({ ...hashing, store }, (req, res) => {
      req.session.seen = true
      res.end()
    })
    await visit({ cookie })
    assert.deepEqual(JSON.parse(store.sessions[key]).__session, { other: 1 })
  })

  it('is moved in MemoryStore, by its update', async () => {
    const store = new session.MemoryStore()
    store.sessions.old = JSON.stringify({ cookie: { originalMaxAge: null, expires: null }, user: 'ada' })
    const { visit } = await serve({ ...hashing, store }, greet)
    assert.equal((await visit({ cookie })).body, 'hello ada')
    assert.deepEqual(Object.keys(store.sessions), [key])
    assert.equal((await visit({ cookie })).body, 'hello ada')
  })

  it('is not looked up where the store has no such session, more than it must be', async () => {
    const store = new JsonStore()
    const { visit } = await serve({ ...hashing, store }, greet)
    assert.match((await visit({ cookie })).body, /^new/)
    assert.deepEqual(
      store.takeCalls().map((call) => call.replace(key, 'key')),
      ['get key', 'get old', 'get key']
    )
  })

  it('is found where the store answers ENOENT for what it does not have', async () => {
    const store = storeFromBefore({
      get(sid, callback) {
        if (sid in this.sessions) JsonStore.prototype.get.call(this, sid, callback)
        else setImmediate(callback, Object.assign(new Error('no such file'), { code: 'ENOENT' }))
      }
    })
    const { visit } = await serve({ ...hashing, store }, greet)
    assert.equal((await visit({ cookie })).body, 'hello ada')
    assert.match((await visit({ cookie: cookieOf('nobody') })).body, /^new/)
  })

  it('is moved once by twenty parallel requests, and none of them overwrites another', async () => {
    const store = storeFromBefore()
    const local = new AsyncLocalStorage()
    const app = express()
    app.use((req, res, next) => local.run(req.url, next))
    app.use(session({ ...usual, ...hashing, store }))
    app.use((req, res) => res.end(`${req.session.user} ${local.getStore() === req.url}`))
    const { visit } = await listen(http.createServer(app))
    const visits = await Promise.all(Array.from({ length: 20 }, (_, i) => visit({ cookie, path: `/${i}` })))
    for (const { body } of visits) assert.equal(body, 'ada true')
    const count = (call) => store.calls.filter((each) => each === call).length
    assert.deepEqual([count('get old'), count(`set ${key}`)], [1, 1])
    assert.deepEqual(Object.keys(store.sessions), [key])
  })

  it('waits for a move under way, and has the changes of who was first', async () => {
    const slow = gate()
    const store = storeFromBefore()
    const { visit } = await serve({ ...hashing, store }, (req, res) => {
      if (req.url === '/first') req.session.user = 'grace'
      res.end(req.session.user)
    })
    store.destroy = (sid, callback) => slow.pass(() => JsonStore.prototype.destroy.call(store, sid, callback))
    const first = visit({ cookie, path: '/first' })
    await until(() => slow.waiting === 1)
    delete store.destroy
    const second = visit({ cookie })
    await until(() => store.calls.filter((call) => call === `get ${key}`).length > 2)
    slow.open()
    await first
    await second
    assert.equal((await visit({ cookie })).body, 'grace')
  })

  it('does not wait for ever for a move that the store does not answer', async () => {
    const store = storeFromBefore()
    const { visit } = await serve({ ...hashing, store }, greet)
    store.set = () => {}
    void visit({ cookie })
    await until(() => store.calls.includes('get old'))
    delete store.set
    let body
    do body = await Promise.race([visit({ cookie }).then((response) => response.body), pause(250)])
    while (!body)
    assert.equal(body, 'hello ada')
  })

  it('fails as the store does, for all who wait, and loses nothing', async () => {
    for (const method of ['get', 'set', 'destroy']) {
      const store = storeFromBefore()
      const { visit } = await serve({ ...hashing, store }, greet)
      store[method] = function (sid, ...others) {
        if (method === 'get' && sid !== 'old') JsonStore.prototype.get.call(this, sid, ...others)
        else setImmediate(others.at(-1), new Error('store failed'))
      }
      const failed = await Promise.all([visit({ cookie }), visit({ cookie })])
      for (const { body } of failed) assert.equal(body, 'Error page: store failed', method)
      delete store[method]
      assert.equal((await visit({ cookie })).body, 'hello ada', method)
      assert.deepEqual(Object.keys(store.sessions), [key])
    }
  })

  it('stays ended after a crash in the middle of its move', async () => {
    const store = storeFromBefore({ destroy: () => {} })
    const crashing = await serve({ ...hashing, store }, greet)
    void crashing.visit({ cookie })
    await until(() => key in store.sessions)
    assert.deepEqual(Object.keys(store.sessions), ['old', key])

    // The next process knows nothing of the first, but for what is stored.
    const { sessions } = store
    const next = Object.assign(new JsonStore(), { sessions })
    const { visit } = await serve({ ...hashing, store: next }, async (req, res) => {
      if (req.url === '/logout') await req.session.destroy()
      greet(req, res)
    })
    assert.equal((await visit({ cookie })).body, 'hello ada')
    assert.deepEqual(Object.keys(sessions), [key])
    await visit({ cookie, path: '/logout' })
    assert.match((await visit({ cookie })).body, /^new/)
  })

  it('lives on where a touch moves the time of the record alone, and the date in it is past', async () => {
    const expires = new Date(Date.now() - 1000).toISOString()
    const store = storeFromBefore({}, { originalMaxAge: HOUR, expires, httpOnly: true, path: '/' })
    const left = []
    store.set = function (sid, data, callback) {
      left.push(data.cookie.maxAge)
      JsonStore.prototype.set.call(this, sid, data, callback)
    }
    const { visit } = await serve({ ...hashing, store }, greet)
    assert.equal((await visit({ cookie })).body, 'hello ada')
    assert.ok(left[0] > 0 && left[0] <= HOUR)
  })

  it('fails as ever where it is none, and stays where it is', async () => {
    const store = new JsonStore()
    store.sessions.old = JSON.stringify({ user: 'ada' })
    const { visit } = await serve({ ...hashing, store }, greet)
    const failed = await Promise.all([visit({ cookie }), visit({ cookie })])
    for (const { body } of failed) assert.match(body, readOfUndefined('expires'))
    assert.deepEqual(Object.keys(store.sessions), ['old'])
  })

  it('is ended by its absolute timeout all the same', async () => {
    const store = storeFromBefore()
    const createdAt = Date.now() - 2 * HOUR
    store.sessions.old = JSON.stringify({ ...JSON.parse(store.sessions.old), __session: { createdAt } })
    const { visit } = await serve({ ...hashing, store, absoluteTimeout: HOUR }, (req, res) =>
      res.end(session.infoOf(req).reason)
    )
    assert.equal((await visit({ cookie })).body, 'expired')
    assert.deepEqual(store.sessions, {})
  })

  it('is not touched again within the touchInterval', async () => {
    const expires = new Date(Date.now() + HOUR).toISOString()
    const store = storeFromBefore({}, { originalMaxAge: HOUR, expires, httpOnly: true, path: '/' })
    const { visit } = await serve(
      { ...hashing, store, touchInterval: 60_000, cookie: { maxAge: HOUR } },
      greet
    )
    await visit({ cookie })
    store.takeCalls()
    await visit({ cookie })
    assert.deepEqual(store.takeCalls(), [`get ${key}`])
  })
})
