'use strict'

// What additions remember with a session lies in its stored form, as `__session`, and nowhere else: an app sees the data that it
// wrote, under this package and under 1.19.0, whichever stored them.

const assert = require('node:assert/strict')
const { mkdtemp, readFile, rm } = require('node:fs/promises')
const http = require('node:http')
const os = require('node:os')
const path = require('node:path')
const express = require('express')
const lodash = require('lodash')
const sinon = require('sinon')
const ours = require('express-session')
const theirs = require('upstream-session')
const { JsonStore, closeAll, listen, loggedIn, serve, usual } = require('../support/harness')
const { stopClock } = require('../support/clock')

const HOUR = 60 * 60 * 1000
const NOW = Date.UTC(2030, 0, 1)
const ON = { absoluteTimeout: 12 * HOUR }
const OFF = {}

let clock

const textOf = (store, id = 'id1') => store.sessions[id]
const stored = (store, id = 'id1') => textOf(store, id) && JSON.parse(textOf(store, id))

/** All that an app sees of a session, by every way to list it. */
function seen(session) {
  const inLoop = []
  for (const key in session) if (Object.hasOwn(session, key)) inLoop.push(key)
  const lists = [
    Object.keys(session),
    Object.getOwnPropertyNames(session).filter((key) =>
      Object.prototype.propertyIsEnumerable.call(session, key)
    ),
    Reflect.ownKeys(JSON.parse(JSON.stringify(session))),
    Object.keys({ ...session }),
    inLoop
  ]
  for (const list of lists) assert.deepEqual(list, lists[0])
  assert.equal('__session' in session, false)
  assert.equal(session.__session, undefined)
  return lists[0]
}

/** A store that keeps what it is given as it is, and hands that out. */
class LiveStore extends JsonStore {
  get(sid, callback) {
    setImmediate(callback, null, this.sessions[sid])
  }

  set(sid, data, callback) {
    this.sessions[sid] = data
    setImmediate(callback)
  }
}

/** A store that makes a session of what it finds, by its own `createSession`: that moves aside what is remembered with it. */
class MakingStore extends JsonStore {
  get(sid, callback) {
    super.get(sid, (error, found) => {
      callback(error, found && this.createSession({ sessionID: sid, sessionStore: this }, found))
    })
  }
}

/** An app of either package, on its own MemoryStore over the same sessions. */
async function appOf(session, sessions, options) {
  const store = new session.MemoryStore()
  store.sessions = sessions
  const app = express()
  app.use(session({ ...usual, genid: () => 'id1', store, ...options }))
  app.get('/write', (req, res) => {
    req.session.user = { name: 'Ada' }
    req.session.views = (req.session.views || 0) + 1
    res.end()
  })
  app.get('/read', (req, res) => res.json({ id: req.sessionID, ...req.session, cookie: undefined }))
  const { visit } = await listen(http.createServer(app))
  return async (url, cookie) => {
    const { body, cookie: sent } = await visit({ path: url, cookie })
    return { data: body && JSON.parse(body), cookie: sent }
  }
}

describe('the reserved member', () => {
  beforeEach(() => (clock = stopClock()))
  afterEach(() => {
    clock.restore()
    return closeAll()
  })

  describe('between packages', () => {
    const kinds = {
      '1.19.0': [theirs, OFF],
      'this package with all off': [ours, OFF],
      'this package with additions on': [ours, ON],
      'this package with other additions on': [
        ours,
        { absoluteTimeout: HOUR, touchInterval: 1000, rolling: true }
      ]
    }
    for (const [first, from] of Object.entries(kinds)) {
      for (const [second, to] of Object.entries(kinds)) {
        it(`a session goes from ${first} to ${second}, and back`, async () => {
          const sessions = Object.create(null)
          const [a, b] = [await appOf(from[0], sessions, from[1]), await appOf(to[0], sessions, to[1])]
          const { cookie } = await a('/write')
          for (const [i, app] of [b, a, b, a].entries()) {
            const { data } = await app('/read', cookie)
            // To 1.19.0 what additions remember is data like any, which it carries along.
            delete data.__session
            assert.deepEqual(data, { id: 'id1', user: { name: 'Ada' }, views: i + 1 })
            await app('/write', cookie)
          }
          const { __session, ...data } = JSON.parse(sessions.id1)
          delete data.cookie
          assert.deepEqual(data, { user: { name: 'Ada' }, views: 5 })
          const isRemembered = from[1] !== OFF || to[1] !== OFF
          assert.deepEqual(__session, isRemembered ? { createdAt: NOW } : undefined)
        })
      }
    }

    it('a session without it is the same text as ever', async () => {
      const texts = []
      for (const session of [theirs, ours]) {
        const sessions = Object.create(null)
        const visit = await appOf(session, sessions, { cookie: { maxAge: HOUR } })
        const { cookie } = await visit('/write')
        await visit('/read', cookie)
        texts.push(sessions.id1)
      }
      assert.equal(texts[1], texts[0])
    })
  })

  describe('in what the store is given', () => {
    it('stands behind the cookie, before the data', async () => {
      const { store } = await loggedIn(ON)
      assert.match(
        textOf(store),
        /^\{"cookie":\{[^}]*\},"__session":\{"createdAt":\d+\},"user":"ada","nested":/
      )
      assert.deepEqual(Object.keys(stored(store)), ['cookie', '__session', 'user', 'nested'])
    })

    for (const method of ['set', 'touch']) {
      it(`${method} gets an object like the session, with id and req hidden as ever`, async () => {
        let live
        const { store, visit, cookie } = await loggedIn(ON, (req, res) => {
          live = req.session
          if (method === 'set') req.session.more = 1
          res.end()
        })
        const given = sinon.spy(store, method)
        await visit({ cookie })
        const [id, whole] = given.firstCall.args
        assert.equal(id, 'id1')
        assert.notEqual(whole, live)
        assert.ok(whole instanceof ours.Session)
        assert.equal(Object.getPrototypeOf(whole), Object.getPrototypeOf(live))
        const data = method === 'set' ? ['user', 'nested', 'more'] : ['user', 'nested']
        assert.deepEqual(Object.keys(whole), ['cookie', '__session', ...data])
        assert.equal(whole.id, 'id1')
        assert.equal(whole.req, live.req)
        for (const name of ['id', 'req']) {
          const descriptor = Object.getOwnPropertyDescriptor(whole, name)
          assert.deepEqual(descriptor, Object.getOwnPropertyDescriptor(live, name))
        }
        assert.equal(typeof whole.cookie.toJSON, 'function')
        assert.deepEqual(whole.cookie.toJSON().originalMaxAge, null)
      })
    }

    it('is not there while nothing needs it: the store is given the session itself', async () => {
      let live
      const { store, visit, cookie } = await loggedIn(OFF, (req, res) => {
        live = req.session
        req.session.more = 1
        res.end()
      })
      const set = sinon.spy(store, 'set')
      await visit({ cookie })
      assert.equal(set.firstCall.args[1], live)
    })

    it('is kept on save while all additions are off, to the byte', async () => {
      const { store, visit, cookie } = await loggedIn(OFF, (req, res) => {
        assert.deepEqual(seen(req.session), ['cookie', 'user'])
        if (req.url === '/write') req.session.user = 'bob'
        res.end()
      })
      const notes = { later: { list: [1, 'two', null] }, createdAt: 5 }
      store.sessions.id1 = JSON.stringify({ cookie: stored(store).cookie, __session: notes, user: 'ada' })
      const before = textOf(store)
      await visit({ cookie })
      assert.equal(textOf(store), before)
      await visit({ path: '/write', cookie })
      assert.equal(textOf(store), before.replace('ada', 'bob'))
    })

    it('keeps what other additions remember', async () => {
      const { store, visit, cookie } = await loggedIn(ON, (req, res) => res.end())
      store.sessions.id1 = JSON.stringify({ ...stored(store), __session: { other: 1 } })
      await visit({ cookie })
      assert.deepEqual(stored(store).__session, { other: 1, createdAt: NOW })
    })

    it('is found where the store makes the session itself: a session does not begin anew with each request', async () => {
      const { store, visit, cookie } = await loggedIn({ ...ON, store: new MakingStore() }, (req, res) =>
        res.json({ ...ours.infoOf(req), user: req.session.user })
      )
      for (let hours = 1; hours < 12; hours++) {
        clock.tick(HOUR)
        const { createdAt, user } = JSON.parse((await visit({ cookie })).body)
        assert.deepEqual([new Date(createdAt).valueOf(), user], [NOW, 'ada'])
        assert.deepEqual(stored(store).__session, { createdAt: NOW })
      }
      clock.tick(HOUR)
      assert.equal(JSON.parse((await visit({ cookie })).body).reason, 'expired')
    })

    it('is dropped with the next save when it is empty', async () => {
      const { store, visit, cookie, errors } = await loggedIn(OFF, (req, res) => {
        assert.deepEqual(seen(req.session), ['cookie', 'user'])
        if (req.url === '/write') req.session.user = 'bob'
        res.end()
      })
      store.sessions.id1 = JSON.stringify({ cookie: stored(store).cookie, __session: {}, user: 'ada' })
      await visit({ cookie })
      assert.deepEqual(store.takeCalls(), ['get id1', 'touch id1'])
      await visit({ path: '/write', cookie })
      assert.deepEqual(Object.keys(stored(store)), ['cookie', 'user'])
      assert.deepEqual(errors, [])
    })

    it('is a new one after regenerate()', async () => {
      const { store, visit, cookie } = await loggedIn(ON, async (req, res) => {
        await req.session.regenerate()
        req.session.user = 'ada'
        res.end()
      })
      clock.tick(HOUR)
      await visit({ cookie })
      assert.deepEqual(Object.keys(store.sessions), ['id2'])
      assert.deepEqual(stored(store, 'id2').__session, { createdAt: NOW + HOUR })
    })

    it('is gone after regenerate() while all additions are off', async () => {
      const { store, visit, cookie } = await loggedIn(OFF, async (req, res) => {
        await req.session.regenerate()
        req.session.user = 'bob'
        res.end()
      })
      store.sessions.id1 = JSON.stringify({ ...stored(store), __session: { createdAt: 1 } })
      await visit({ cookie })
      assert.deepEqual(Object.keys(stored(store, 'id2')), ['cookie', 'user'])
    })
  })

  describe('does not show', () => {
    for (const [what, Store] of Object.entries({
      'a store': JsonStore,
      'a store of live objects': LiveStore,
      'a store that makes the sessions itself': MakingStore
    })) {
      for (const [name, work] of Object.entries({
        'on a session that was loaded': () => {},
        'after save()': (req) => req.session.save(),
        'after reload()': (req) => req.session.reload(),
        'after save() and reload()': async (req) => {
          await req.session.save()
          await req.session.reload()
        },
        'on a copy put in its place': (req) => {
          req.session = { ...req.session }
        },
        'on a deep clone put in its place': (req) => {
          req.session = lodash.cloneDeep(req.session)
        },
        'on what Object.create makes of it': (req) => {
          req.session = Object.create(req.session)
        },
        'on a session by store.load': async (req) => {
          req.session = await new Promise((resolve, reject) => {
            req.sessionStore.load(req.sessionID, (error, session) =>
              error ? reject(error) : resolve(session)
            )
          })
        },
        'on a session by store.get and store.createSession': async (req) => {
          const data = await new Promise((resolve, reject) => {
            req.sessionStore.get(req.sessionID, (error, found) => (error ? reject(error) : resolve(found)))
          })
          req.sessionStore.createSession(req, data)
        }
      })) {
        for (const options of [ON, OFF]) {
          it(`${name}, with additions ${options === ON ? 'on' : 'off'}, in ${what}`, async () => {
            const store = new Store()
            const log = await loggedIn({ ...ON, store }, () => {})
            const { visit, errors } = await serve({ ...options, store }, async (req, res) => {
              await work(req)
              const keys = Object.create(null)
              for (const key in req.session) if (key in { ...req.session }) keys[key] = true
              assert.equal('__session' in keys, false)
              if (Object.hasOwn(req.session, 'cookie')) {
                assert.deepEqual(seen(req.session), ['cookie', 'user', 'nested'])
              }
              req.session.nested = { count: 1 }
              res.json({ ...req.session, user: req.session.user, __session: req.session.__session })
            })
            const { body } = await visit({ cookie: log.cookie })
            assert.deepEqual(errors, [])
            assert.equal(JSON.parse(body).user, 'ada')
            assert.equal(JSON.parse(body).__session, undefined)
            const found = JSON.parse(JSON.stringify(store.sessions.id1))
            const data = typeof found === 'string' ? JSON.parse(found) : found
            assert.deepEqual(data.__session, { createdAt: NOW })
            assert.deepEqual([data.user, data.nested], ['ada', { count: 1 }])
            assert.deepEqual(Object.keys(data).slice(0, 2), ['cookie', '__session'])
          })
        }
      }
    }

    for (const Store of [JsonStore, MakingStore]) {
      it(`on a session by store.load, which keeps it by its save() and reload(), in a ${Store.name}`, async () => {
        const { store } = await loggedIn({ ...ON, store: new Store() })
        const session = await new Promise((resolve) => store.load('id1', (error, loaded) => resolve(loaded)))
        assert.deepEqual(seen(session), ['cookie', 'user', 'nested'])
        session.user = 'bob'
        await session.save()
        await session.reload()
        assert.deepEqual(seen(session), ['cookie', 'user', 'nested'])
        assert.deepEqual(Object.keys(stored(store)), ['cookie', '__session', 'user', 'nested'])
        assert.equal(stored(store).user, 'bob')
        await session.req.session.save()
        assert.deepEqual(stored(store).__session, { createdAt: NOW })
      })
    }

    it('in what a store of live objects has handed out and keeps', async () => {
      const store = new LiveStore()
      const { cookie, visit } = await loggedIn({ ...ON, store }, (req, res) => res.end())
      const kept = store.sessions.id1
      await visit({ cookie })
      assert.equal(store.sessions.id1, kept)
      assert.deepEqual(Object.keys(kept), ['cookie', '__session', 'user', 'nested'])
    })
  })

  describe("and an app's own data of that name", () => {
    for (const value of ['text', 42, true, ['list']]) {
      it(`are data as ever while additions are off: ${JSON.stringify(value)}`, async () => {
        const { store, visit, cookie } = await loggedIn(OFF, (req, res) => {
          if (req.url === '/write') req.session.__session = value
          else req.session.more = 1
          res.json(req.session.__session)
        })
        await visit({ path: '/write', cookie })
        assert.deepEqual(JSON.parse((await visit({ cookie })).body), value)
        assert.deepEqual(stored(store).__session, value)
        assert.equal(stored(store).more, 1)
      })

      it(`give way to what additions remember: ${JSON.stringify(value)}`, async () => {
        const { store, visit, cookie, errors } = await loggedIn(ON, (req, res) => {
          if (req.url === '/write') req.session.__session = value
          res.end()
        })
        await visit({ path: '/write', cookie })
        assert.deepEqual(stored(store).__session, { createdAt: NOW })
        await visit({ cookie })
        assert.deepEqual(errors, [])
      })
    }

    it('cannot move the beginning of a session', async () => {
      const { store, visit, cookie } = await loggedIn(ON, (req, res) => {
        Object.assign(req.session, { __session: { createdAt: NOW + 24 * HOUR }, more: 1 })
        res.end()
      })
      await visit({ cookie })
      assert.deepEqual(stored(store).__session, { createdAt: NOW })
      assert.equal(stored(store).more, 1)
    })

    it('are taken for what additions remember where they are an object', async () => {
      const { store, visit, cookie } = await loggedIn(OFF, (req, res) => {
        if (req.url === '/write') req.session.__session = { mine: 1 }
        else req.session.more = 1
        res.json(req.session.__session ?? null)
      })
      await visit({ path: '/write', cookie })
      assert.equal((await visit({ cookie })).body, 'null')
      assert.deepEqual(stored(store).__session, { mine: 1 })
    })
  })

  describe('beside odd sessions', () => {
    const ways = {
      'a toJSON of its own': (session) => {
        Object.defineProperty(session, 'toJSON', {
          value: function () {
            return { cookie: this.cookie, user: this.user.toUpperCase() }
          }
        })
      },
      'a toJSON that shows': (session) => {
        session.toJSON = function () {
          return { ...this, user: 'ADA', nested: undefined }
        }
      }
    }
    for (const [name, prepare] of Object.entries(ways)) {
      it(`is stored with what ${name} gives`, async () => {
        const { store, visit, cookie, errors } = await loggedIn(ON, (req, res) => {
          prepare(req.session)
          res.end()
        })
        await visit({ cookie })
        assert.deepEqual(errors, [])
        const rest = stored(store)
        delete rest.cookie
        assert.deepEqual(rest, { __session: { createdAt: NOW }, user: 'ADA' })
      })
    }

    it('is stored where all sessions have a toJSON', async () => {
      const { Session } = ours
      Session.prototype.toJSON = function () {
        return { cookie: this.cookie, user: this.user, id: this.id }
      }
      try {
        const { store, errors } = await loggedIn(ON)
        assert.deepEqual(errors, [])
        assert.deepEqual(Object.keys(stored(store)), ['cookie', '__session', 'user', 'id'])
        assert.equal(stored(store).id, 'id1')
      } finally {
        delete Session.prototype.toJSON
      }
    })

    it('leaves no request hanging when a toJSON fails the second time', async () => {
      for (const isExplicit of [true, false]) {
        const { visit, cookie, errors } = await loggedIn(ON, async (req, res) => {
          let asked = 0
          req.session.more = 1
          Object.defineProperty(req.session, 'toJSON', {
            value: () => {
              if (++asked > 1) throw new Error('enough')
              return { more: 1 }
            }
          })
          if (isExplicit) await assert.rejects(req.session.save(), { message: 'enough' })
          res.end('the page')
        })
        assert.deepEqual((await visit({ cookie })).end, 'complete')
        assert.match(String(errors[0]), /enough/)
      }
    })

    it('is stored beside a key named __proto__', async () => {
      const { store, visit, cookie } = await loggedIn(ON, (req, res) => {
        const value = JSON.parse('{"a":1}')
        Object.defineProperty(req.session, '__proto__', {
          value,
          enumerable: true,
          configurable: true,
          writable: true
        })
        res.end()
      })
      await visit({ cookie })
      assert.match(textOf(store), /"__proto__":\{"a":1\}/)
    })

    it('is carried over when the app gives its session another id', async () => {
      const { store, visit, cookie } = await loggedIn(ON, async (req, res) => {
        req.sessionID = 'other'
        if (req.url === '/reload') await req.session.reload()
        else req.session = { ...req.session }
        res.end()
      })
      clock.tick(HOUR)
      for (const url of ['/reload', '/copy']) {
        delete store.sessions.other
        await visit({ path: url, cookie })
        assert.deepEqual(stored(store, 'other').__session, { createdAt: NOW }, url)
      }
    })

    for (const [name, get] of Object.entries({
      'a getter that throws': () =>
        Object.defineProperty({ cookie: {} }, '__session', {
          get() {
            throw new Error('odd')
          }
        }),
      'a proxy that throws': () =>
        new Proxy(
          {},
          {
            get(target, key) {
              throw new Error(`odd: ${String(key)}`)
            }
          }
        )
    })) {
      it(`is an error of the request where the store finds ${name}`, async () => {
        let visits = 0
        const { store, visit, cookie, errors } = await loggedIn(ON, async (req, res) => {
          visits += 1
          store.get = (sid, callback) => setImmediate(callback, null, get())
          await assert.rejects(req.session.reload(), /odd/)
          res.end()
        })
        assert.equal((await visit({ cookie })).end, 'complete')
        assert.equal((await visit({ cookie })).status, 500)
        assert.match(String(errors.at(-1)), /odd/)
        assert.equal(visits, 1)
      })
    }
  })

  it('stays in the file of session-file-store, whose touch writes all of it', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'reserved-member-'))
    try {
      const FileStore = require('session-file-store')(ours)
      const store = new FileStore({ path: folder, logFn: () => {}, retries: 0, reapInterval: -1 })
      const fileOf = async (id) => JSON.parse(await readFile(path.join(folder, `${id}.json`)))
      const cookieOptions = { cookie: { maxAge: HOUR } }
      for (const options of [ON, OFF]) {
        const handler = (req, res) => {
          if (req.url === '/write') req.session.user = req.session.user ? 'bob' : 'ada'
          res.json(seen(req.session))
        }
        const { visit: visitFirst } = await serve({ ...ON, ...cookieOptions, store }, handler)
        const { cookie } = await visitFirst({ path: '/write' })
        const { visit, errors } = await serve({ ...options, ...cookieOptions, store }, handler)
        for (const url of ['/read', '/write', '/read']) {
          const { body } = await visit({ path: url, cookie })
          assert.deepEqual(JSON.parse(body), ['cookie', 'user', '__lastAccess'])
          assert.deepEqual((await fileOf('id1')).__session, { createdAt: NOW })
        }
        assert.equal((await fileOf('id1')).user, 'bob')
        assert.deepEqual(errors, [])
        await rm(path.join(folder, 'id1.json'))
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
