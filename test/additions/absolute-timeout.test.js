'use strict'

// With absoluteTimeout a session ends that long after it began, however active its visitor is, and nothing keeps it for longer:
// neither the store, nor the browser, nor a request that is under way.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, gate, serve, session, until } = require('../support/harness')
const { ExpiringStore } = require('../support/stores')
const { stopClock } = require('../support/clock')

const MINUTE = 60 * 1000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const NOW = Date.UTC(2030, 0, 1)
const END = NOW + 12 * HOUR

let clock

const stores = {
  MemoryStore: () => new session.MemoryStore(),
  'a store that forgets nothing': () => new JsonStore(),
  'a store that forgets by cookie.expires': () => new ExpiringStore(),
  'a store without touch': () => new JsonStore({ touch: undefined })
}

/** What the app says to a request: whose session it is, and why it has it. */
function answer(req, res) {
  const { isNew, reason, createdAt } = session.infoOf(req)
  res.json({ user: req.session?.user, isNew, reason, createdAt: createdAt?.valueOf() })
}

/** An app with `absoluteTimeout` on; the visitor has logged in NOW. */
async function app(options = {}, handler = answer) {
  const store = options.store ?? new JsonStore()
  const served = await serve({ absoluteTimeout: 12 * HOUR, ...options, store }, async (req, res, next) => {
    try {
      if (req.url !== '/login') return await handler(req, res, next)
      req.session.user = 'ada'
      res.end()
    } catch (error) {
      next(error)
    }
  })
  const { cookie, setCookie } = await served.visit({ path: '/login' })
  store.takeCalls?.()
  const ask = async (request) => {
    const response = await served.visit({ cookie, ...request })
    return { ...response, says: response.body && JSON.parse(response.body) }
  }
  return { ...served, store, cookie, setCookie, ask }
}

const stored = (store, id = 'id1') => store.sessions[id] && JSON.parse(store.sessions[id])
const expiresIn = (setCookie) => Date.parse(/Expires=([^;]*)/.exec(setCookie[0])?.[1])

describe('absoluteTimeout', () => {
  beforeEach(() => (clock = stopClock()))
  afterEach(() => {
    clock.restore()
    return closeAll()
  })

  for (const [kind, make] of Object.entries(stores)) {
    for (const [name, options] of Object.entries({
      'no idle timeout': {},
      'an idle timeout': { cookie: { maxAge: HOUR } },
      'rolling: true': { cookie: { maxAge: HOUR }, rolling: true },
      'resave: true': { cookie: { maxAge: HOUR }, resave: true },
      touchInterval: { cookie: { maxAge: HOUR }, touchInterval: 5 * MINUTE }
    })) {
      it(`ends a session to the millisecond, used every quarter of an hour, with ${name}, in ${kind}`, async () => {
        const isLeftAlone = kind === 'a store without touch' && options.cookie && !options.resave
        const { store, ask, errors } = await app({ ...options, store: make() }, (req, res) => {
          if (isLeftAlone) req.session.at = Date.now()
          answer(req, res)
        })
        while (Date.now() < END - 15 * MINUTE) {
          clock.tick(15 * MINUTE)
          const { says } = await ask()
          assert.deepEqual(says, { user: 'ada', isNew: false, reason: 'found', createdAt: NOW })
        }
        clock.tick(END - 1 - Date.now())
        assert.equal((await ask()).says.user, 'ada')
        assert.deepEqual(stored(store).__session, { createdAt: NOW })
        clock.tick(1)
        const { says } = await ask()
        assert.deepEqual(says, { isNew: true, reason: 'expired', createdAt: END })
        assert.equal(stored(store), undefined)
        assert.deepEqual(errors, [])
      })
    }
  }

  it('counts from the creation, not from the login, nor from the last save', async () => {
    const { ask, store } = await app({}, async (req, res) => {
      req.session.views = (req.session.views ?? 0) + 1
      await req.session.save()
      answer(req, res)
    })
    for (let i = 0; i < 11; i++) {
      clock.tick(HOUR)
      await ask()
      assert.deepEqual(stored(store).__session, { createdAt: NOW })
    }
    clock.tick(HOUR)
    assert.equal((await ask()).says.reason, 'expired')
  })

  it('destroys the record when it is found, before the app has its request', async () => {
    const { ask, store } = await app({}, (req, res) => {
      assert.deepEqual(store.takeCalls(), ['get id1', 'destroy id1'])
      assert.notEqual(req.sessionID, 'id1')
      answer(req, res)
    })
    clock.tick(12 * HOUR)
    assert.equal((await ask()).says.reason, 'expired')
    assert.deepEqual(store.takeCalls(), [])
  })

  it('ends what is idle before that, too: whichever is earlier', async () => {
    for (const Store of [ExpiringStore, session.MemoryStore]) {
      const { ask } = await app({ store: new Store(), cookie: { maxAge: HOUR } })
      clock.tick(HOUR + 1)
      assert.equal((await ask()).says.reason, 'unknown')
      clock.restore()
      clock = stopClock()
    }
  })

  describe('and the cookie', () => {
    it('never expires later than the session, under rolling', async () => {
      const { ask, setCookie } = await app({ cookie: { maxAge: 5 * HOUR }, rolling: true })
      assert.equal(expiresIn(setCookie), NOW + 5 * HOUR)
      for (let hour = 1; hour < 12; hour++) {
        clock.tick(HOUR)
        const { setCookie: sent } = await ask()
        assert.equal(expiresIn(sent), Math.min(Date.now() + 5 * HOUR, END))
      }
    })

    it('is bounded when its maxAge is longer from the start', async () => {
      const { setCookie } = await app({ cookie: { maxAge: 30 * DAY } })
      assert.equal(expiresIn(setCookie), END)
    })

    it('has no Expires where it has none without the option', async () => {
      const { setCookie, ask } = await app({ rolling: true })
      clock.tick(HOUR)
      for (const sent of [setCookie, (await ask()).setCookie]) assert.doesNotMatch(sent[0], /Expires/)
    })

    it('has none for the app either, in later requests and after a reload', async () => {
      const seen = []
      const { ask } = await app({}, async (req, res) => {
        seen.push(req.session.cookie.expires)
        await req.session.reload()
        seen.push(req.session.cookie.expires, req.session.cookie.originalMaxAge)
        req.session.views = seen.length
        res.json({})
      })
      await ask()
      await ask()
      assert.deepEqual(seen, [null, null, null, null, null, null])
    })

    it('is bounded when the app sets maxAge or expires beyond the end, and stays what the app has set', async () => {
      for (const set of [
        (cookie) => (cookie.maxAge = 30 * DAY),
        (cookie) => (cookie.expires = new Date(NOW + 30 * DAY))
      ]) {
        const { ask, store } = await app({}, (req, res) => {
          set(req.session.cookie)
          const before = req.session.cookie.expires.valueOf()
          res.on('finish', () => assert.equal(req.session.cookie.expires.valueOf(), before))
          answer(req, res)
        })
        const { setCookie } = await ask()
        assert.equal(expiresIn(setCookie), END)
        assert.deepEqual(store.takeCalls(), ['get id1', 'touch id1'])
      }
    })

    it('with a date that is none is the error that it is without the option', async () => {
      const { ask, errors } = await app({ rolling: true }, (req, res) => {
        req.session.cookie.expires = new Date(NaN)
        req.session.cookie.originalMaxAge = Infinity
        answer(req, res)
      })
      const { setCookie } = await ask()
      assert.deepEqual(setCookie, [])
      assert.match(errors[0].message, /option expires is invalid/)
    })
  })

  describe('and the store', () => {
    /** What `set` or `touch` is told of a cookie. */
    async function toldWith(options, change, at = HOUR) {
      const told = []
      const store = new JsonStore()
      for (const method of ['set', 'touch']) {
        const own = store[method]
        store[method] = function (sid, data, callback) {
          told.push({ method, cookie: JSON.parse(JSON.stringify(data.cookie)), maxAge: data.cookie.maxAge })
          return own.call(this, sid, data, callback)
        }
      }
      const { ask, errors } = await app({ ...options, store }, (req, res) => {
        change(req.session)
        answer(req, res)
      })
      clock.tick(at)
      told.splice(0)
      await ask()
      // What Set-Cookie cannot say is an error as ever, and no matter to the store.
      for (const error of errors) assert.match(error.message, /option expires is invalid/)
      assert.equal(told.length, 1)
      return told[0]
    }

    for (const method of ['set', 'touch']) {
      const change = (session) => {
        if (method === 'set') session.more = 1
      }

      it(`is told the end by ${method} where there is no idle timeout, and the idle timeout stays none`, async () => {
        const { cookie, maxAge, ...rest } = await toldWith({}, change)
        assert.equal(rest.method, method)
        assert.equal(Date.parse(cookie.expires), END)
        assert.equal(cookie.originalMaxAge, null)
        assert.equal(maxAge, END - Date.now())
      })

      it(`is told the idle timeout by ${method} while that is earlier, and the end when it is not`, async () => {
        const options = { cookie: { maxAge: 2 * HOUR } }
        const early = await toldWith(options, change)
        assert.equal(Date.parse(early.cookie.expires), NOW + 3 * HOUR)
        clock.restore()
        clock = stopClock()
        const late = await toldWith(options, change, 11 * HOUR)
        assert.equal(Date.parse(late.cookie.expires), END)
        assert.equal(late.cookie.originalMaxAge, 2 * HOUR)
      })

      for (const [name, expires] of Object.entries({
        'a date that is none': new Date(NaN),
        'text beyond the end': new Date(END + 1000).toISOString(),
        'a number beyond the end': END + 1000,
        'text that is no date': 'some day'
      })) {
        it(`is told the end by ${method} where the app's cookie has ${name}`, async () => {
          const { cookie } = await toldWith({}, (session) => {
            change(session)
            session.touch = () => session
            Object.defineProperty(session, 'touch', { enumerable: false })
            session.cookie.expires = expires
            session.cookie.originalMaxAge = null
          })
          assert.equal(Date.parse(cookie.expires), END)
          assert.equal(cookie.originalMaxAge, null)
        })
      }

      it(`is told an earlier end by ${method} that the app has set`, async () => {
        for (const expires of [END - 1000, new Date(END - 1000).toISOString()]) {
          const { cookie } = await toldWith({}, (session) => {
            change(session)
            session.touch = () => session
            Object.defineProperty(session, 'touch', { enumerable: false })
            session.cookie.expires = expires
            session.cookie.originalMaxAge = null
          })
          assert.equal(new Date(cookie.expires).valueOf(), END - 1000)
          clock.restore()
          clock = stopClock()
        }
      })
    }

    it('is told nothing where the end lies beyond what a Date can tell', async () => {
      const { store, setCookie, ask } = await app({
        absoluteTimeout: Number.MAX_VALUE,
        cookie: { maxAge: HOUR }
      })
      assert.equal(expiresIn(setCookie), NOW + HOUR)
      assert.equal(Date.parse(stored(store).cookie.expires), NOW + HOUR)
      clock.tick(1000 * DAY)
      assert.equal((await ask()).says.user, 'ada')
    })
  })

  describe('and regenerate()', () => {
    it('starts a new life', async () => {
      const { store, visit, ask } = await app({}, async (req, res) => {
        if (req.url === '/regenerate') {
          await req.session.regenerate()
          req.session.user = 'bob'
        }
        answer(req, res)
      })
      clock.tick(11 * HOUR)
      const { cookie, says } = await ask({ path: '/regenerate' })
      assert.equal(says.createdAt, NOW + 11 * HOUR)
      assert.deepEqual(stored(store, 'id2').__session, { createdAt: NOW + 11 * HOUR })
      clock.tick(12 * HOUR - 1)
      assert.equal(JSON.parse((await visit({ cookie })).body).user, 'bob')
      clock.tick(1)
      assert.equal(JSON.parse((await visit({ cookie })).body).reason, 'expired')
    })

    it('starts a new life where genid gives the same id again', async () => {
      const { store, ask } = await app({ genid: () => 'same' }, async (req, res) => {
        if (req.url === '/regenerate') {
          await req.session.regenerate()
          req.session.user = 'bob'
        }
        answer(req, res)
      })
      clock.tick(11 * HOUR)
      await ask({ path: '/regenerate' })
      assert.deepEqual(stored(store, 'same').__session, { createdAt: NOW + 11 * HOUR })
      clock.tick(11 * HOUR)
      assert.equal((await ask()).says.user, 'bob')
    })

    it('starts one where the app makes a session past the methods: store.regenerate, store.generate', async () => {
      for (const method of ['regenerate', 'generate']) {
        const { store, ask } = await app({ cookie: { maxAge: 30 * DAY } }, (req, res, next) => {
          const done = () => {
            req.session.user = 'bob'
            res.end('{}')
          }
          if (method === 'generate') {
            store.generate(req)
            done()
          } else store.regenerate(req, (error) => (error ? next(error) : done()))
        })
        clock.tick(HOUR)
        const { setCookie } = await ask()
        assert.equal(expiresIn(setCookie), NOW + 13 * HOUR)
        assert.deepEqual(stored(store, 'id2').__session, { createdAt: NOW + HOUR })
        assert.equal(Date.parse(stored(store, 'id2').cookie.expires), NOW + 13 * HOUR)
        clock.restore()
        clock = stopClock()
      }
    })
  })

  describe('and a session from before', () => {
    for (const [name, notes] of Object.entries({
      'nothing is noted of': undefined,
      'something else is noted of': { other: 1 },
      'nothing is left of what was noted': {},
      'the beginning is text': { createdAt: 'yesterday' },
      'the beginning is null': { createdAt: null },
      'the beginning is an object': { createdAt: {} },
      'the beginning is before all time': { createdAt: -1e300 },
      'the beginning is beyond all time': { createdAt: 1e300 },
      'the beginning is yet to come': { createdAt: NOW + DAY }
    })) {
      it(`counts from the request that first sees one that ${name}, which saves it`, async () => {
        const { store, ask } = await app()
        const { cookie } = stored(store)
        store.sessions.id1 = JSON.stringify({ cookie, ...(notes && { __session: notes }), user: 'ada' })
        clock.tick(HOUR)
        const { says } = await ask()
        assert.deepEqual(says, { user: 'ada', isNew: false, reason: 'found', createdAt: NOW + HOUR })
        assert.deepEqual(store.takeCalls(), ['get id1', 'set id1'])
        assert.deepEqual(stored(store).__session, { ...notes, createdAt: NOW + HOUR })
        assert.equal(stored(store).user, 'ada')

        clock.tick(HOUR)
        await ask()
        assert.deepEqual(store.takeCalls(), ['get id1', 'touch id1'])
        clock.tick(11 * HOUR - 1)
        assert.equal((await ask()).says.user, 'ada')
        clock.tick(1)
        assert.equal((await ask()).says.reason, 'expired')
      })
    }

    it('is saved anew by the next request when that has failed', async () => {
      const { store, ask, errors } = await app()
      store.sessions.id1 = JSON.stringify({ ...stored(store), __session: undefined })
      store.set = (sid, data, callback) => setImmediate(callback, new Error('full'))
      await ask()
      assert.equal(errors.length, 1)
      delete store.set
      await ask()
      assert.deepEqual(stored(store).__session, { createdAt: NOW })
    })

    it('is saved once where the app saves it itself', async () => {
      const { store, ask } = await app({}, async (req, res) => {
        await req.session.save()
        answer(req, res)
      })
      store.sessions.id1 = JSON.stringify({ ...stored(store), __session: undefined })
      await ask()
      assert.deepEqual(store.takeCalls(), ['get id1', 'set id1'])
    })

    it('has its cookie bounded by the request that sees it, under rolling', async () => {
      const { store, ask } = await app({ cookie: { maxAge: 30 * DAY }, rolling: true, touchInterval: DAY })
      store.sessions.id1 = JSON.stringify({ ...stored(store), __session: undefined })
      const { setCookie } = await ask()
      assert.equal(expiresIn(setCookie), END)
    })
  })

  describe('and a request that is under way at the end', () => {
    /** A request that begins a minute before the end; `work` is done when it has come. */
    async function across(options, work, change = () => {}) {
      const waiting = gate()
      const log = await app(options, async (req, res) => {
        if (req.url !== '/long') return answer(req, res)
        change(req)
        await new Promise((resolve) => waiting.pass(resolve))
        await work(req, res)
        if (!res.writableEnded) res.end('{}')
      })
      clock.tick(12 * HOUR - MINUTE)
      const response = log.ask({ path: '/long' })
      await until(() => waiting.waiting === 1)
      log.store.takeCalls()
      clock.tick(MINUTE)
      waiting.open()
      return { ...log, response: await response }
    }

    for (const [name, options] of Object.entries({
      'the usual options': {},
      'rolling: true': { rolling: true, cookie: { maxAge: HOUR } },
      'resave: true': { resave: true },
      'saveUninitialized: true': { saveUninitialized: true }
    })) {
      for (const isChanged of [true, false]) {
        it(`neither saves nor touches a session that it has ${isChanged ? 'changed' : 'read'}, under ${name}`, async () => {
          const { store, response, errors, ask } = await across(options, (req) => {
            if (isChanged) req.session.more = 1
          })
          assert.equal(response.status, 200)
          assert.deepEqual(response.setCookie, [])
          assert.deepEqual(store.takeCalls(), [])
          assert.equal(stored(store).more, undefined)
          assert.deepEqual(errors, [])
          assert.equal((await ask()).says.reason, 'expired')
          assert.equal(stored(store), undefined)
        })
      }
    }

    it('fails an explicit save with ESESSIONENDED, by promise and by callback', async () => {
      const { store } = await across({}, async (req) => {
        req.session.more = 1
        await assert.rejects(req.session.save(), {
          code: 'ESESSIONENDED',
          message: /^this session has reached its absolute timeout\./
        })
        const error = await new Promise((resolve) => req.session.save(resolve))
        assert.equal(error.code, 'ESESSIONENDED')
      })
      assert.deepEqual(store.takeCalls(), [])
    })

    it('does not save a new session that has become too old meanwhile', async () => {
      const waiting = gate()
      const store = new JsonStore()
      const { visit } = await serve({ absoluteTimeout: MINUTE, store }, async (req, res) => {
        req.session.user = 'ada'
        await new Promise((resolve) => waiting.pass(resolve))
        res.end()
      })
      const response = visit()
      await until(() => waiting.waiting === 1)
      clock.tick(MINUTE)
      waiting.open()
      assert.deepEqual((await response).setCookie, [])
      assert.deepEqual(store.takeCalls(), [])
    })

    it('finds nothing by reload()', async () => {
      await across({}, (req) => assert.rejects(req.session.reload(), { message: 'failed to load session' }))
    })

    it('may regenerate it, which starts a new life', async () => {
      const { store, response } = await across({}, async (req) => {
        await req.session.regenerate()
        req.session.user = 'bob'
      })
      assert.ok(response.cookie)
      assert.deepEqual(store.takeCalls(), ['destroy id1', 'set id2'])
      assert.deepEqual(stored(store, 'id2').__session, { createdAt: END })
    })

    it('may destroy it, by destroy() and by unset', async () => {
      for (const work of [(req) => req.session.destroy(), (req) => void (req.session = null)]) {
        const { store } = await across({ unset: 'destroy' }, work)
        assert.deepEqual(store.takeCalls(), ['destroy id1'])
        assert.deepEqual(store.sessions, {})
        clock.restore()
        clock = stopClock()
      }
    })
  })

  describe('and a record past its end', () => {
    for (const [name, options, calls] of [
      ['the usual options', {}, []],
      ['saveUninitialized: true', { saveUninitialized: true }, ['set id2']],
      ['resave: true', { resave: true }, []],
      ['resave: true, saveUninitialized: true', { resave: true, saveUninitialized: true }, ['set id2']],
      ['rolling: true', { rolling: true, cookie: { maxAge: HOUR } }, []]
    ]) {
      it(`gives its visitor a new session, under ${name}`, async () => {
        const { store, ask } = await app(options)
        clock.tick(12 * HOUR)
        const { says, setCookie } = await ask()
        assert.deepEqual(says, { isNew: true, reason: 'expired', createdAt: END })
        assert.deepEqual(store.takeCalls(), ['get id1', 'destroy id1', ...calls])
        assert.equal(setCookie.length, calls.length)
        if (calls.length > 0) assert.deepEqual(stored(store, 'id2').__session, { createdAt: END })
      })
    }

    it('is not destroyed twice where the app unsets the new session', async () => {
      const { store, ask } = await app({ unset: 'destroy' }, (req, res) => {
        req.session = null
        res.end('{}')
      })
      clock.tick(12 * HOUR)
      await ask()
      assert.deepEqual(store.takeCalls(), ['get id1', 'destroy id1', 'destroy id2'])
    })

    it('is an end of several requests at once, and none of them brings it back', async () => {
      const { store, ask } = await app({}, (req, res) => {
        req.session.more = 1
        answer(req, res)
      })
      clock.tick(12 * HOUR)
      const all = await Promise.all([ask(), ask(), ask()])
      assert.deepEqual(
        all.map(({ says }) => [says.user, says.reason]),
        Array(3).fill([undefined, 'expired'])
      )
      assert.equal(stored(store), undefined)
      assert.equal(new Set(Object.keys(store.sessions)).size, 3)
    })

    it('that the store will not destroy costs its visitor nothing: the app hears of it, and it is tried again', async () => {
      const { store, ask, errors } = await app()
      let refusals = 2
      store.destroy = function (sid, callback) {
        if (refusals-- > 0) setImmediate(callback, new Error('no'))
        else JsonStore.prototype.destroy.call(this, sid, callback)
      }
      clock.tick(12 * HOUR)
      for (const isLeft of [true, true, false]) {
        const { status, says } = await ask()
        assert.equal(status, 200)
        assert.deepEqual([says.user, says.reason], [undefined, 'expired'])
        assert.equal(stored(store) !== undefined, isLeft)
      }
      assert.deepEqual(
        errors.map(({ message }) => message),
        ['no', 'no']
      )
    })

    for (const [name, destroy] of Object.entries({
      throws: () => {
        throw new Error('no')
      },
      rejects: () => Promise.reject(new Error('no'))
    })) {
      it(`gives a new session where the store's destroy ${name}`, async () => {
        const { store, ask, errors } = await app()
        store.destroy = destroy
        clock.tick(12 * HOUR)
        assert.equal((await ask()).says.reason, 'expired')
        assert.equal(errors.length, 1)
      })
    }

    it('keeps no request for ever where the store never answers to a destroy', async () => {
      const { store, ask } = await app()
      store.destroy = () => {}
      clock.tick(12 * HOUR)
      const { end, says } = await ask()
      assert.equal(end, 'complete')
      assert.deepEqual([says.user, says.reason], [undefined, 'expired'])
    })
  })

  describe('and a clock that moves at each reading', () => {
    let time
    const atEachReading = () => time++

    for (const [name, options] of Object.entries({
      'an idle timeout': {},
      rolling: { rolling: true },
      'resave: true': { resave: true },
      touchInterval: { touchInterval: 5 * MINUTE },
      'rolling and touchInterval': { rolling: true, touchInterval: 5 * MINUTE },
      'merged saves': { concurrency: 'merge' }
    })) {
      it(`has one beginning, one idle timeout and no expiry beyond the end, over ten days, with ${name}`, async () => {
        const { now } = Date
        time = NOW
        Date.now = atEachReading
        try {
          const told = []
          const store = new ExpiringStore()
          for (const method of ['set', 'touch']) {
            store[method] = (sid, data, callback) => {
              told.push(JSON.parse(JSON.stringify(data)))
              ExpiringStore.prototype[method].call(store, sid, data, callback)
            }
          }
          const LIFE = 10 * DAY
          const limits = { absoluteTimeout: LIFE, cookie: { maxAge: HOUR } }
          const { ask, setCookie } = await app({ ...limits, ...options, store }, async (req, res) => {
            if (req.url === '/save') await req.session.save()
            if (req.url === '/write') req.session.at = time
            if (req.url === '/reload') await req.session.reload()
            answer(req, res)
          })
          const [{ __session: first }] = told
          const { createdAt } = first
          assert.ok(createdAt >= NOW && createdAt < time)
          const expiries = [expiresIn(setCookie)]
          const paths = ['/', '/save', '/', '/write', '/', '/reload']
          for (let i = 0; time < createdAt + LIFE - HOUR; i++) {
            time += 59 * MINUTE
            const { says, setCookie: sent } = await ask({ path: paths[i % paths.length] })
            assert.deepEqual(says, { user: 'ada', isNew: false, reason: 'found', createdAt })
            if (sent[0]) expiries.push(expiresIn(sent))
          }
          assert.ok(told.length > 200, `${told.length} calls`)
          assert.deepEqual([...new Set(told.map(({ __session: notes }) => notes.createdAt))], [createdAt])
          assert.deepEqual([...new Set(told.map(({ cookie }) => cookie.originalMaxAge))], [HOUR])
          expiries.push(...told.map(({ cookie }) => Date.parse(cookie.expires)))
          assert.ok(expiries.every((expiry) => expiry <= createdAt + LIFE))
          assert.equal(Date.parse(told.at(-1).cookie.expires), createdAt + LIFE)

          time = createdAt + LIFE
          assert.equal((await ask()).says.reason, 'expired')
          assert.equal(stored(store), undefined)
        } finally {
          Date.now = now
        }
      })
    }
  })

  describe('and infoOf', () => {
    it('tells why a request has the session it has', async () => {
      const { ask, visit } = await app({ store: new ExpiringStore() })
      const says = async (request) => JSON.parse((await visit(request)).body)
      clock.tick(HOUR)
      assert.deepEqual(await says(), { isNew: true, reason: 'none', createdAt: NOW + HOUR })
      assert.deepEqual(await says({ cookie: 'connect.sid=s%3Aid1.forged' }), {
        isNew: true,
        reason: 'forged',
        createdAt: NOW + HOUR
      })
      assert.deepEqual((await ask()).says, { user: 'ada', isNew: false, reason: 'found', createdAt: NOW })
    })

    it("says 'expired' where the store has forgotten the session at its end, as far as the process knows", async () => {
      for (const Store of [ExpiringStore, session.MemoryStore]) {
        const store = new Store()
        const { ask, cookie } = await app({ store })
        clock.tick(13 * HOUR)
        assert.equal((await ask()).says.reason, 'expired')
        const other = await serve({ absoluteTimeout: 12 * HOUR, store }, answer)
        assert.equal(JSON.parse((await other.visit({ cookie })).body).reason, 'unknown')
        clock.restore()
        clock = stopClock()
      }
    })

    it("says 'unknown' of what was ended before its end", async () => {
      const { ask, store } = await app()
      delete store.sessions.id1
      clock.tick(HOUR)
      assert.equal((await ask()).says.reason, 'unknown')
    })

    it('gives no date that is none', async () => {
      const { visit, store, cookie } = await app({ absoluteTimeout: undefined })
      store.sessions.id1 = JSON.stringify({ ...stored(store), __session: { createdAt: -1e300 } })
      assert.deepEqual(JSON.parse((await visit({ cookie })).body), {
        user: 'ada',
        isNew: false,
        reason: 'found'
      })
    })
  })

  it('does not bring back what another request has ended', async () => {
    const waiting = gate()
    const { store, ask } = await app({}, async (req, res) => {
      if (req.url === '/logout') await req.session.destroy()
      else {
        await new Promise((resolve) => waiting.pass(resolve))
        req.session.more = 1
      }
      res.end('{}')
    })
    const slow = ask()
    await until(() => waiting.waiting === 1)
    await ask({ path: '/logout' })
    waiting.open()
    assert.deepEqual((await slow).setCookie, [])
    assert.deepEqual(store.sessions, {})
  })

  it('does not lengthen a session when a clock was ahead that stored it', async () => {
    const { store, ask } = await app()
    store.sessions.id1 = JSON.stringify({ ...stored(store), __session: { createdAt: NOW + MINUTE } })
    await ask()
    assert.deepEqual(stored(store).__session, { createdAt: NOW })
  })
})
