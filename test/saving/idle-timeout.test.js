'use strict'

// An explicit save() restarts the idle timeout, and what changes of the cookie after it is stored at the end of the response.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { closeAll, serve, session, until } = require('../support/harness')
const { stopClock } = require('../support/clock')
const { ExpiringStore, stores } = require('../support/stores')

const SECOND = 1000
const MINUTE = 60 * SECOND
const DAY = 24 * 60 * MINUTE

const saving = (session) =>
  new Promise((resolve, reject) => session.save((error) => (error ? reject(error) : resolve())))
const regenerating = (session) =>
  new Promise((resolve, reject) => session.regenerate((error) => (error ? reject(error) : resolve())))

/** Every combination of the options that decide on saves and cookies. */
const combinations = []
for (const resave of [false, true]) {
  for (const saveUninitialized of [false, true]) {
    for (const rolling of [false, true]) combinations.push({ resave, saveUninitialized, rolling })
  }
}
const nameOf = (options) =>
  Object.entries(options)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ')

/** When the cookie of a response expires, by what it says. */
const expiryOf = ({ setCookie: [text] }) => Date.parse(/; Expires=([^;]+)/.exec(text)[1])

let clock

/**
 * Logs a visitor in, under an idle timeout of a minute, and then visits the handler ten seconds later.
 *
 * @param handler - gets the request, and is awaited before the response ends
 */
async function visitAfterLogin(store, options, handler) {
  let saysInTheEnd
  const served = await serve({ store, cookie: { maxAge: MINUTE }, ...options }, async (req, res, next) => {
    try {
      if (req.path === '/login') req.session.user = 'ada'
      else await handler(req, res)
      const { session } = req
      res.end()
      saysInTheEnd = JSON.parse(JSON.stringify(session.cookie))
    } catch (error) {
      next(error)
    }
  })
  const { cookie } = await served.visit({ path: '/login' })
  clock.tick(10 * SECOND)
  store.takeCalls()
  const response = await served.visit({ cookie })
  assert.deepEqual(served.errors, [])
  return { ...served, cookie, response, calls: store.takeCalls(), saysInTheEnd }
}

describe('an app that calls save() in every request', () => {
  beforeEach(() => (clock = stopClock()))
  afterEach(() => {
    clock.restore()
    return closeAll()
  })

  for (const [kind, make] of Object.entries(stores)) {
    for (const options of combinations) {
      it(`never logs an active visitor out, with ${kind}, ${nameOf(options)}`, async () => {
        const store = make()
        const { visit } = await serve({ store, cookie: { maxAge: MINUTE }, ...options }, (req, res) => {
          req.session.views = (req.session.views ?? 0) + 1
          req.session.save(() => res.send(String(req.session.views)))
        })
        const { cookie } = await visit()
        for (let views = 2; views <= 10; views++) {
          clock.tick(50 * SECOND)
          assert.equal((await visit({ cookie })).body, String(views))
        }
      })
    }

    it(`nor when the app has changed nothing, with ${kind}`, async () => {
      const store = make()
      const { visit } = await serve({ store, cookie: { maxAge: MINUTE } }, (req, res) => {
        if (req.path === '/login') req.session.user = 'ada'
        req.session.save(() => res.send(String(req.session.user)))
      })
      const { cookie } = await visit({ path: '/login' })
      for (let i = 0; i < 10; i++) {
        clock.tick(50 * SECOND)
        assert.equal((await visit({ cookie })).body, 'ada')
      }
    })

    it(`logs out who stays away for longer, with ${kind}`, async () => {
      const store = make()
      const { visit } = await serve({ store, cookie: { maxAge: MINUTE } }, (req, res) => {
        if (req.path === '/login') req.session.user = 'ada'
        req.session.save(() => res.send(String(req.session.user)))
      })
      const { cookie } = await visit({ path: '/login' })
      clock.tick(50 * SECOND)
      await visit({ cookie })
      clock.tick(61 * SECOND)
      assert.equal((await visit({ cookie })).body, 'undefined')
    })
  }
})

describe('an explicit save()', () => {
  beforeEach(() => (clock = stopClock()))
  afterEach(() => {
    clock.restore()
    return closeAll()
  })

  for (const [kind, make] of Object.entries(stores)) {
    it(`stores the restarted timeout, by one call, with ${kind}`, async () => {
      const store = make()
      const { calls } = await visitAfterLogin(store, {}, async ({ session }) => {
        await saving(session)
        assert.equal(store.cookieOf('id1').expires, new Date(Date.now() + MINUTE).toJSON())
      })
      assert.deepEqual(calls, ['get id1', 'set id1'])
      assert.equal(store.cookieOf('id1').expires, new Date(Date.now() + MINUTE).toJSON())
    })

    it(`stores it before it answers, also when the response ends much later, with ${kind}`, async () => {
      const store = make()
      const { calls } = await visitAfterLogin(store, {}, async ({ session }) => {
        session.step = 1
        await saving(session)
        clock.tick(20 * SECOND)
      })
      assert.deepEqual(calls, ['get id1', 'set id1'])
    })

    it(`restarts it after the response, too, with ${kind}`, async () => {
      const store = make()
      let done
      const { visit } = await serve({ store, cookie: { maxAge: MINUTE } }, async (req, res) => {
        req.session.job = 'accepted'
        res.end()
        await once(res, 'finish')
        clock.tick(30 * SECOND)
        req.session.job = 'done'
        await saving(req.session)
        done = true
      })
      await visit()
      await until(() => done)
      assert.equal(store.cookieOf('id1').expires, new Date(Date.now() + MINUTE).toJSON())
      assert.equal(store.stored('id1').job, 'done')
    })

    it(`restarts the timeout that the app has set, with ${kind}`, async () => {
      const store = make()
      await visitAfterLogin(store, {}, async ({ session }) => {
        session.cookie.maxAge = 30 * DAY
        clock.tick(10 * SECOND)
        await saving(session)
      })
      assert.deepEqual(
        [store.cookieOf('id1').originalMaxAge, store.cookieOf('id1').expires],
        [30 * DAY, new Date(Date.now() + 30 * DAY).toJSON()]
      )
    })
  }

  it('sets no timeout where there is none', async () => {
    const store = new ExpiringStore()
    await visitAfterLogin(store, { cookie: {} }, ({ session }) => saving(session))
    assert.equal(store.cookieOf('id1').expires, null)
    assert.equal(store.cookieOf('id1').originalMaxAge, null)
  })

  it('followed by touch() stores the later end', async () => {
    const store = new ExpiringStore()
    await visitAfterLogin(store, {}, async ({ session }) => {
      await saving(session)
      clock.tick(20 * SECOND)
      session.touch()
    })
    assert.equal(store.cookieOf('id1').expires, new Date(Date.now() + MINUTE).toJSON())
  })

  it('works with data that are named as the methods that it uses', async () => {
    const store = new ExpiringStore()
    await visitAfterLogin(store, {}, async ({ session }) => {
      session.touch = 'me'
      session.resetMaxAge = 'too'
      await saving(session)
    })
    assert.deepEqual([store.stored('id1').touch, store.stored('id1').resetMaxAge], ['me', 'too'])
  })

  it('in every request keeps a visitor of a MemoryStore logged in', async () => {
    const store = new session.MemoryStore()
    const { visit } = await serve({ store, cookie: { maxAge: MINUTE } }, (req, res) => {
      req.session.views = (req.session.views ?? 0) + 1
      req.session.save(() => res.send(String(req.session.views)))
    })
    const { cookie } = await visit()
    for (let views = 2; views < 6; views++) {
      clock.tick(50 * SECOND)
      assert.equal((await visit({ cookie })).body, String(views))
    }
  })
})

describe('a change of the cookie after an explicit save()', () => {
  beforeEach(() => (clock = stopClock()))
  afterEach(() => {
    clock.restore()
    return closeAll()
  })

  const changes = {
    'maxAge of thirty days': (cookie) => (cookie.maxAge = 30 * DAY),
    'an expires of its own': (cookie) => (cookie.expires = new Date(Date.now() + DAY)),
    'no expires any more': (cookie) => (cookie.expires = null),
    sameSite: (cookie) => (cookie.sameSite = 'strict'),
    domain: (cookie) => (cookie.domain = 'example.com'),
    path: (cookie) => (cookie.path = '/shop'),
    httpOnly: (cookie) => (cookie.httpOnly = false),
    priority: (cookie) => (cookie.priority = 'high'),
    partitioned: (cookie) => (cookie.partitioned = true)
  }

  const beforeThem = {
    'save()': (req) => saving(req.session),
    'a change and save()': (req) => {
      req.session.step = 1
      return saving(req.session)
    },
    'regenerate() and save()': async (req) => {
      await regenerating(req.session)
      req.session.user = 'grace'
      await saving(req.session)
    }
  }

  for (const [kind, make] of Object.entries(stores)) {
    for (const [before, prepare] of Object.entries(beforeThem)) {
      for (const [change, apply] of Object.entries(changes)) {
        it(`is stored: ${before}, then ${change}, with ${kind}, under all options`, async () => {
          for (const options of combinations) {
            const store = make()
            let id
            const { saysInTheEnd } = await visitAfterLogin(store, options, async (req) => {
              await prepare(req)
              apply(req.session.cookie)
              id = req.sessionID
            })
            assert.deepEqual(store.cookieOf(id), saysInTheEnd, nameOf(options))
            await closeAll()
          }
        })
      }
    }
  }

  it('tells the browser and the store the same: remember me', async () => {
    for (const [kind, make] of Object.entries(stores)) {
      const store = make()
      const { response, calls } = await visitAfterLogin(store, {}, async ({ session }) => {
        await saving(session)
        session.cookie.maxAge = 30 * DAY
      })
      assert.equal(expiryOf(response), Date.now() + 30 * DAY)
      assert.equal(Date.parse(store.cookieOf('id1').expires), Date.now() + 30 * DAY)
      assert.deepEqual(calls, ['get id1', 'set id1', 'set id1'], kind)
    }
  })

  it('that changes nothing is not stored', async () => {
    const store = new ExpiringStore()
    const { calls } = await visitAfterLogin(store, {}, async ({ session }) => {
      await saving(session)
      session.cookie.maxAge = MINUTE
      session.cookie.path = '/'
      session.cookie.sameSite = undefined
    })
    assert.deepEqual(calls, ['get id1', 'set id1'])
  })

  it('is stored for a new visitor', async () => {
    const store = new ExpiringStore()
    const { visit } = await serve({ store, cookie: { maxAge: MINUTE } }, (req, res) => {
      req.session.user = 'ada'
      req.session.save(() => {
        req.session.cookie.maxAge = 30 * DAY
        res.end()
      })
    })
    const response = await visit()
    assert.equal(expiryOf(response), Date.now() + 30 * DAY)
    assert.equal(Date.parse(store.cookieOf('id1').expires), Date.now() + 30 * DAY)
  })
})

describe('what the browser is told under rolling', () => {
  beforeEach(() => (clock = stopClock()))
  afterEach(() => {
    clock.restore()
    return closeAll()
  })

  for (const [kind, make] of Object.entries(stores)) {
    it(`is what ${kind} was told by save()`, async () => {
      const store = make()
      const { response } = await visitAfterLogin(store, { rolling: true }, async ({ session }) => {
        session.step = 1
        await saving(session)
      })
      assert.equal(expiryOf(response), Date.parse(store.cookieOf('id1').expires))
      assert.equal(expiryOf(response), Date.now() + MINUTE)
    })
  }
})
