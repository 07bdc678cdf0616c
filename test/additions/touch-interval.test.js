'use strict'

// With touchInterval a session that is only read is touched now and then, and not with each request; a session in use never ends by it.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, gate, serve, session, until, warningsDuring } = require('../support/harness')
const { stopClock } = require('../support/clock')
const { ExpiringStore } = require('../support/stores')

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const NOW = Date.UTC(2030, 0, 1)

let clock

/** A store like one on Redis: `touch` moves the end of the key, and leaves what is stored as it is. */
class TtlStore extends JsonStore {
  ends = {}

  get(sid, callback) {
    if (this.ends[sid] <= Date.now()) delete this.sessions[sid]
    super.get(sid, callback)
  }

  set(sid, data, callback) {
    this.expire(sid, data)
    super.set(sid, data, callback)
  }

  touch(sid, data, callback) {
    if (this.sessions[sid]) this.expire(sid, data)
    super.touch(sid, data, callback)
  }

  expire(sid, { cookie }) {
    this.ends[sid] = cookie.expires ? new Date(cookie.expires).valueOf() : Date.now() + 24 * HOUR
  }
}

/** The same, of objects that it keeps and hands out as they are. */
class LiveTtlStore extends TtlStore {
  get(sid, callback) {
    this.calls.push(`get ${sid}`)
    if (this.ends[sid] <= Date.now()) delete this.sessions[sid]
    setImmediate(callback, null, this.sessions[sid])
  }

  set(sid, data, callback) {
    this.calls.push(`set ${sid}`)
    this.expire(sid, data)
    this.sessions[sid] = data
    setImmediate(callback)
  }
}

/** The same, with the idle timeout as text. */
class TextTtlStore extends TtlStore {
  get(sid, callback) {
    super.get(sid, (error, data) => {
      if (data) data.cookie.originalMaxAge = String(data.cookie.originalMaxAge)
      callback(error, data)
    })
  }
}

/** The same, which keeps no more of a cookie than it must. */
class FrugalTtlStore extends TtlStore {
  set(sid, data, callback) {
    const { expires, originalMaxAge } = data.cookie.toJSON()
    super.set(sid, { ...data, cookie: { expires, originalMaxAge } }, callback)
  }
}

/** A `MemoryStore` that notes what it is asked. */
class CountedMemoryStore extends session.MemoryStore {
  calls = []

  takeCalls() {
    return this.calls.splice(0)
  }
}
for (const method of ['get', 'set', 'touch', 'destroy']) {
  CountedMemoryStore.prototype[method] = function (sid, ...rest) {
    this.calls.push(`${method} ${sid}`)
    return session.MemoryStore.prototype[method].call(this, sid, ...rest)
  }
}

const stores = {
  MemoryStore: () => new CountedMemoryStore(),
  'a store that keeps the new expiry': () => new ExpiringStore(),
  'a store like Redis': () => new TtlStore(),
  'a store of live objects': () => new LiveTtlStore(),
  'a store of text': () => new TextTtlStore(), // whose sessions send their cookie each time, with or without the option
  'a store that keeps little of a cookie': () => new FrugalTtlStore()
}

/** An app with the option on, where a visitor has logged in NOW. */
async function app(options, handler = (req, res) => res.end(req.session.user)) {
  const store = options.store ?? new TtlStore()
  const served = await serve({ ...options, store }, async (req, res, next) => {
    try {
      if (req.url !== '/login') return await handler(req, res, next)
      req.session.user = 'ada'
      res.end()
    } catch (error) {
      next(error)
    }
  })
  const { cookie } = await served.visit({ path: '/login' })
  store.takeCalls()
  return { ...served, store, cookie }
}

/** How often a session that is visited each so many milliseconds is touched, and its cookie sent. */
async function countOf({ visit, cookie, store }, times, step) {
  const counts = { touches: 0, cookies: 0 }
  for (let i = 0; i < times; i++) {
    clock.tick(step)
    const { setCookie, body } = await visit({ cookie })
    assert.equal(body, 'ada')
    counts.cookies += setCookie.length
    counts.touches += store.takeCalls().filter((call) => call.startsWith('touch')).length
  }
  return counts
}

describe('touchInterval', () => {
  beforeEach(() => (clock = stopClock()))
  afterEach(() => {
    clock.restore()
    return closeAll()
  })

  for (const [kind, make] of Object.entries(stores)) {
    describe(`with ${kind}`, () => {
      const cookies = (number, requests) => (kind === 'a store of text' ? requests : number)

      it('touches a session that is only read at most that often', async () => {
        const log = await app({ store: make(), touchInterval: 5 * MINUTE, cookie: { maxAge: HOUR } })
        assert.deepEqual(await countOf(log, 60, MINUTE), { touches: 12, cookies: cookies(0, 60) })
      })

      it('sends the cookie as seldom, under rolling', async () => {
        const options = { store: make(), touchInterval: 5 * MINUTE, cookie: { maxAge: HOUR }, rolling: true }
        assert.deepEqual(await countOf(await app(options), 60, MINUTE), {
          touches: 12,
          cookies: cookies(12, 60)
        })
      })

      it('is no longer than half of the idle timeout', async () => {
        const options = { store: make(), touchInterval: HOUR, cookie: { maxAge: MINUTE }, rolling: true }
        assert.deepEqual(await countOf(await app(options), 60, 10 * SECOND), {
          touches: 20,
          cookies: cookies(20, 60)
        })
      })

      it('holds without an idle timeout', async () => {
        const log = await app({ store: make(), touchInterval: 5 * MINUTE })
        const counts = await countOf(log, 60, MINUTE)
        // Nothing tells when such a session was stored by another process: here none was.
        assert.deepEqual(counts, { touches: 12, cookies: 0 })
      })

      it('ends an idle session that much early at the most', async () => {
        for (const [idle, isThere] of [
          [54 * MINUTE, true],
          [HOUR, false]
        ]) {
          const log = await app({ store: make(), touchInterval: 5 * MINUTE, cookie: { maxAge: HOUR } })
          clock.tick(5 * MINUTE - 1)
          await log.visit({ cookie: log.cookie })
          clock.tick(idle)
          assert.equal((await log.visit({ cookie: log.cookie })).body === 'ada', isThere)
          clock.restore()
          clock = stopClock()
        }
      })

      it('counts from a save, by the end of the response and by the app', async () => {
        const options = { store: make(), touchInterval: 5 * MINUTE, cookie: { maxAge: HOUR } }
        const { visit, cookie, store } = await app(options, async (req, res) => {
          if (req.url === '/change') req.session.at = Date.now()
          if (req.url === '/save') await req.session.save()
          res.end()
        })
        for (const url of ['/change', '/save']) {
          clock.tick(4 * MINUTE)
          await visit({ path: url, cookie })
          assert.deepEqual(store.takeCalls(), ['get id1', 'set id1'])
          clock.tick(4 * MINUTE)
          await visit({ cookie })
          assert.deepEqual(store.takeCalls(), ['get id1'])
        }
        clock.tick(MINUTE)
        await visit({ cookie })
        assert.deepEqual(store.takeCalls(), ['get id1', 'touch id1'])
      })
    })
  }

  describe('a thousand requests of ten visitors', () => {
    async function callsOf(options, store, processes = 1) {
      const served = []
      for (let i = 0; i < processes; i++) {
        served.push(
          await serve({ ...options, store, genid: (req) => req.url.slice(1) }, (req, res) => {
            if (!req.headers.cookie) req.session.user = req.url
            res.end()
          })
        )
      }
      const cookies = []
      for (let i = 0; i < 10; i++) cookies.push((await served[0].visit({ path: `/visitor${i}` })).cookie)
      store.takeCalls()
      for (let i = 0; i < 1000; i++) {
        clock.tick(SECOND)
        await served[(i * 7 + (i >> 3)) % processes].visit({ cookie: cookies[i % 10] })
      }
      const counts = {}
      for (const call of store.takeCalls()) {
        const [method] = call.split(' ')
        counts[method] = (counts[method] ?? 0) + 1
      }
      return counts
    }

    const options = { cookie: { maxAge: HOUR } }
    // Each is a touch without the option; test/stores counts them on a real Redis.
    it('are thirty touches with five minutes', async () => {
      const after = await callsOf({ ...options, touchInterval: 5 * MINUTE }, new TtlStore())
      assert.deepEqual(after, { get: 1000, touch: 30 })
    })

    it('are thirty touches over two processes, in a store that keeps the new expiry', async () => {
      const after = await callsOf({ ...options, touchInterval: 5 * MINUTE }, new CountedMemoryStore(), 2)
      assert.deepEqual(after, { get: 1000, touch: 30 })
    })

    it('are at most as many for each process, in a store like Redis', async () => {
      const { get, touch } = await callsOf({ ...options, touchInterval: 5 * MINUTE }, new TtlStore(), 2)
      assert.equal(get, 1000)
      assert.ok(touch >= 30 && touch <= 80, String(touch))
    })
  })

  describe('loses nothing', () => {
    it('of what the app changes of the cookie', async () => {
      for (const change of [
        (cookie) => (cookie.path = '/app'),
        (cookie) => (cookie.sameSite = 'strict'),
        (cookie) => (cookie.httpOnly = false),
        (cookie) => (cookie.maxAge = 2 * HOUR),
        (cookie) => (cookie.maxAge = MINUTE),
        (cookie) => (cookie.maxAge = null)
      ]) {
        const store = new ExpiringStore()
        const options = { store, touchInterval: 5 * MINUTE, cookie: { maxAge: HOUR } }
        const { visit, cookie } = await app(options, (req, res) => {
          if (req.url === '/change') change(req.session.cookie)
          res.end()
        })
        clock.tick(SECOND)
        await visit({ path: '/change', cookie })
        assert.deepEqual(store.takeCalls(), ['get id1', 'touch id1'], String(change))
        const changed = store.cookieOf('id1')
        const expected = { ...changed }
        change(expected)
        if (!('maxAge' in expected)) assert.deepEqual(changed, expected)
        else assert.equal(changed.originalMaxAge, expected.maxAge)
        await visit({ cookie })
        assert.deepEqual(store.takeCalls(), ['get id1'])
      }
    })

    it('of what it changes of it when the headers are out', async () => {
      const store = new ExpiringStore()
      const options = { store, touchInterval: 5 * MINUTE, cookie: { maxAge: HOUR }, rolling: true }
      const { visit, cookie } = await app(options, (req, res) => {
        res.write('begun')
        if (req.url === '/change') req.session.cookie.maxAge = 2 * HOUR
        res.end()
      })
      clock.tick(SECOND)
      await visit({ path: '/change', cookie })
      assert.equal(store.cookieOf('id1').originalMaxAge, 2 * HOUR)
      // The client hears of it with the next response, and of nothing with the one after that.
      const { setCookie } = await visit({ cookie })
      assert.equal(Date.parse(/Expires=([^;]*)/.exec(setCookie[0])[1]), Date.now() + 2 * HOUR)
      assert.deepEqual((await visit({ cookie })).setCookie, [])
    })

    it('of a sliding maxAge that the app sets each time to the same', async () => {
      const options = { touchInterval: 5 * MINUTE, cookie: { maxAge: HOUR } }
      const log = await app(options, (req, res) => {
        req.session.cookie.maxAge = HOUR
        res.end(req.session.user)
      })
      assert.deepEqual(await countOf(log, 60, MINUTE), { touches: 12, cookies: 0 })
    })

    it('of a modified session: it is saved, and its cookie goes out', async () => {
      const options = { touchInterval: 5 * MINUTE, cookie: { maxAge: HOUR } }
      for (const rolling of [true, false]) {
        const { visit, cookie, store } = await app({ ...options, rolling }, (req, res) => {
          req.session.at = Date.now()
          res.end()
        })
        for (let i = 0; i < 3; i++) {
          clock.tick(SECOND)
          const { setCookie } = await visit({ cookie })
          assert.equal(setCookie.length, 1)
          assert.deepEqual(store.takeCalls(), ['get id1', 'set id1'])
        }
      }
    })

    it('of resave: true: each request saves, and under rolling sends the cookie', async () => {
      const options = { touchInterval: 5 * MINUTE, cookie: { maxAge: HOUR }, resave: true, rolling: true }
      const log = await app(options)
      assert.deepEqual(await countOf(log, 10, SECOND), { touches: 0, cookies: 10 })
    })
  })

  describe('and a touch that fails', () => {
    for (const [name, touch] of Object.entries({
      'calls back with an error': (sid, data, callback) => setImmediate(callback, new Error('no')),
      throws: () => {
        throw new Error('no')
      },
      'does not answer in time': () => {}
    })) {
      it(`is asked for again by the next request, where it ${name}`, async () => {
        const options = { touchInterval: 5 * MINUTE, cookie: { maxAge: HOUR }, storeTimeout: 30 }
        const { store, visit, cookie, errors } = await app(options)
        store.touch = touch
        clock.tick(5 * MINUTE)
        await visit({ cookie })
        await visit({ cookie })
        assert.equal(errors.length, 2)
        delete store.touch
        store.takeCalls()
        await visit({ cookie })
        await visit({ cookie })
        assert.deepEqual(store.takeCalls(), ['get id1', 'touch id1', 'get id1'])
      })
    }

    it('is asked for again after a save that failed', async () => {
      const options = { touchInterval: 5 * MINUTE, cookie: { maxAge: HOUR } }
      const { store, visit, cookie, errors } = await app(options, (req, res) => {
        if (req.url === '/change') req.session.at = Date.now()
        res.end()
      })
      clock.tick(5 * MINUTE)
      store.set = (sid, data, callback) => setImmediate(callback, new Error('no'))
      await visit({ path: '/change', cookie })
      assert.equal(errors.length, 1)
      store.takeCalls()
      await visit({ cookie })
      assert.deepEqual(store.takeCalls(), ['get id1', 'touch id1'])
    })
  })

  it('asks once for requests that come together', async () => {
    const waiting = gate()
    const { store, visit, cookie } = await app(
      { touchInterval: 5 * MINUTE, cookie: { maxAge: HOUR } },
      async (req, res) => {
        await new Promise((resolve) => waiting.pass(resolve))
        res.end()
      }
    )
    clock.tick(5 * MINUTE)
    const all = [visit({ cookie }), visit({ cookie }), visit({ cookie })]
    await until(() => waiting.waiting === 3)
    waiting.open()
    await Promise.all(all)
    assert.deepEqual(store.takeCalls(), ['get id1', 'get id1', 'get id1', 'touch id1'])
  })

  for (const [kind, make] of Object.entries(stores)) {
    it(`goes on when the clock is set back, with ${kind}`, async () => {
      const store = make()
      const log = await app({ store, touchInterval: 5 * MINUTE, cookie: { maxAge: HOUR } })
      clock.tick(HOUR / 2)
      await log.visit({ cookie: log.cookie })
      store.takeCalls()
      clock.setSystemTime(NOW - 10 * HOUR)
      await log.visit({ cookie: log.cookie })
      assert.deepEqual(store.takeCalls(), ['get id1', 'touch id1'])
      assert.equal((await countOf(log, 10, MINUTE)).touches, 2)
    })
  }

  it('counts a long response from its beginning, when the idle timeout was restarted', async () => {
    const waiting = gate()
    const { store, visit, cookie } = await app(
      { touchInterval: HOUR, cookie: { maxAge: MINUTE }, rolling: true },
      async (req, res) => {
        res.write('begun')
        if (req.url === '/long') await new Promise((resolve) => waiting.pass(resolve))
        res.end()
      }
    )
    clock.tick(30 * SECOND)
    const long = visit({ path: '/long', cookie })
    await until(() => waiting.waiting === 1)
    clock.tick(25 * SECOND)
    waiting.open()
    await long
    assert.deepEqual(store.takeCalls(), ['get id1', 'touch id1'])
    clock.tick(5 * SECOND)
    await visit({ cookie })
    assert.deepEqual(store.takeCalls(), ['get id1', 'touch id1'])
  })

  it('is that of the cookie alone with a store that cannot be touched', async () => {
    const codes = await warningsDuring(async () => {
      const store = new JsonStore({ touch: undefined })
      const log = await app({ store, touchInterval: 5 * MINUTE, cookie: { maxAge: HOUR }, rolling: true })
      assert.deepEqual(await countOf(log, 60, MINUTE), { touches: 0, cookies: 12 })
    })
    assert.deepEqual(codes, ['EXPRESS_SESSION_STORE_WITHOUT_TOUCH'])
  })

  describe('never ends a session in use, at random', () => {
    /** Repeatable chance. */
    const chanceOf = (seed) => () => {
      seed = (seed + 0x6d2b79f5) | 0
      let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296
    }

    const IDLE = MINUTE
    const configurations = {
      'only read': {},
      'read and changed': { changes: true },
      'read and changed, with the headers out before': { changes: true, late: true },
      'over two processes': { changes: true, processes: 2 },
      'under resave: true': { changes: true, options: { resave: true } },
      'with a short interval': { changes: true, interval: 7 * SECOND }
    }
    for (const [kind, make] of Object.entries(stores)) {
      for (const [name, { changes, late, processes = 1, options, interval = HOUR }] of Object.entries(
        configurations
      )) {
        it(`${name}, in ${kind}`, async () => {
          const seed = Math.floor(Math.random() * 1e9)
          const chance = chanceOf(seed)
          const store = make()
          const given = {
            store,
            touchInterval: interval,
            cookie: { maxAge: IDLE },
            rolling: true,
            ...options
          }
          const handler = (req, res) => {
            if (late || req.url === '/late') res.write('begun ')
            if (req.url === '/change' || req.url === '/late') req.session.at = Date.now()
            if (req.url === '/save') return void req.session.save(() => res.end(req.session.user))
            res.end(req.session.user)
          }
          const first = await app(given, handler)
          const served = [first]
          while (served.length < processes) served.push(await serve(given, handler))

          // A browser: it forgets its cookie when that expires.
          let expires = NOW + IDLE
          for (let i = 0; i < 40; i++) {
            // Cookies expire at a full second.
            clock.tick(Math.floor(chance() ** 2 * (IDLE / 2 - SECOND)))
            assert.ok(Date.now() < expires, `the cookie has expired (seed ${seed}, request ${i})`)
            const url = changes
              ? ['/', '/', '/', '/change', '/save', late ? '/late' : '/'][Math.floor(chance() * 6)]
              : '/'
            const { body, setCookie } = await served[i % served.length].visit({
              path: url,
              cookie: first.cookie
            })
            assert.match(body, /ada$/, `the session has ended (seed ${seed}, request ${i})`)
            if (setCookie[0]) expires = Date.parse(/Expires=([^;]*)/.exec(setCookie[0])[1])
          }
        })
      }
    }
  })
})
