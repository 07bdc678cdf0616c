'use strict'

const assert = require('node:assert/strict')
const { JsonStore, closeAll, pause, serve, unhandledDuring, until } = require('../support/harness')

const good = JsonStore.prototype
const METHODS = ['save', 'reload', 'destroy', 'regenerate']

/** Has a store refuse the next `set`, and counts how often it is asked. */
function failFirstSet(store) {
  const attempts = { count: 0 }
  store.set = function (sid, data, callback) {
    if (++attempts.count === 1) setImmediate(callback, new Error('set failed'))
    else good.set.call(this, sid, data, callback)
  }
  return attempts
}

/** Logs a visitor in, and serves what the case is about. */
async function loggedIn(options, handler) {
  const store = options.store || new JsonStore()
  const served = await serve({ ...options, store }, (req, res, next) => {
    if (req.url !== '/login') return handler(req, res, next)
    req.session.user = 'ada'
    req.session.nested = { count: 0 }
    res.end()
  })
  const { cookie } = await served.visit({ path: '/login' })
  store.takeCalls()
  return { ...served, store, cookie }
}

describe('methods of the session without a callback', () => {
  afterEach(closeAll)

  for (const method of METHODS) {
    it(`${method}() returns a promise`, async () => {
      const { visit, cookie } = await loggedIn({}, async (req, res) => {
        const result = req.session[method]()
        assert.ok(result instanceof Promise)
        assert.equal(await result, undefined)
        res.send('done')
      })
      assert.equal((await visit({ cookie })).body, 'done')
    })

    it(`${method}(callback) returns the session, as before`, async () => {
      const { visit, cookie } = await loggedIn({}, (req, res) => {
        const { session } = req
        const result = session[method](() => res.send(String(result === session)))
      })
      assert.equal((await visit({ cookie })).body, 'true')
    })

    it(`${method}() rejects with the error of the store`, async () => {
      const fail = (...args) => setImmediate(args.at(-1), new Error('store failed'))
      const { visit, cookie, store } = await loggedIn({}, async (req, res) => {
        store.get = store.set = store.destroy = fail
        const error = await req.session[method]().catch((error) => error)
        Object.assign(store, { get: good.get, set: good.set, destroy: good.destroy })
        res.send(error?.message)
      })
      assert.equal((await visit({ cookie })).body, 'store failed')
    })

    it(`a ${method}() that nobody awaits is never an unhandled rejection`, async () => {
      const fail = (...args) => setImmediate(args.at(-1), new Error('store failed'))
      const { visit, cookie, store } = await loggedIn({}, async (req, res) => {
        store.get = store.set = store.destroy = fail
        req.session[method]()
        await pause(10)
        res.send('body')
      })
      const unhandled = await unhandledDuring(async () => {
        assert.equal((await visit({ cookie })).end, 'complete')
      })
      assert.deepEqual(unhandled, [])
    })
  }
})

describe('what is saved', () => {
  afterEach(closeAll)

  it('a save in flight is waited for at the end', async () => {
    const { visit, cookie, store } = await loggedIn({}, (req, res) => {
      req.session.count = 1
      req.session.save(() => {})
      res.end()
    })
    let saved
    store.set = function (sid, data, callback) {
      setTimeout(() => {
        good.set.call(this, sid, data, () => {
          saved = true
          callback()
        })
      }, 50)
    }
    await visit({ cookie })
    assert.equal(saved, true)
    assert.deepEqual(store.calls, ['get id1', 'set id1'])
  })

  it('a save that failed does not count: the end saves again', async () => {
    const { visit, cookie, store } = await loggedIn({}, (req, res) => {
      req.session.count = 1
      req.session.save((error) => res.send(error?.message))
    })
    const attempts = failFirstSet(store)
    assert.equal((await visit({ cookie })).body, 'set failed')
    assert.equal(attempts.count, 2)
    assert.equal(JSON.parse(store.sessions.id1).count, 1)
  })

  it('a new session whose save failed is saved at the end, even if nothing is left in it', async () => {
    const { visit, store } = await loggedIn({ saveUninitialized: false }, (req, res) => {
      req.session.count = 1
      req.session.save((error) => {
        delete req.session.count
        res.send(error?.message)
      })
    })
    const attempts = failFirstSet(store)
    const { body, headers } = await visit({})
    assert.equal(body, 'set failed')
    assert.equal(attempts.count, 2)
    assert.match(String(headers['set-cookie']), /^connect\.sid=/)
  })

  it('what changed since a save is saved too', async () => {
    const { visit, cookie, store } = await loggedIn({}, async (req, res) => {
      req.session.count = 1
      await req.session.save()
      req.session.count = 2
      res.end()
    })
    await visit({ cookie })
    assert.deepEqual(store.calls, ['get id1', 'set id1', 'set id1'])
    assert.equal(JSON.parse(store.sessions.id1).count, 2)
  })

  it('what changes while a save is in flight is saved too', async () => {
    const { visit, cookie, store } = await loggedIn({}, (req, res) => {
      req.session.count = 1
      req.session.save(() => {})
      req.session.count = 2
      res.end()
    })
    await visit({ cookie })
    assert.equal(JSON.parse(store.sessions.id1).count, 2)
  })

  it('regenerate + save is one write', async () => {
    const { visit, cookie, store } = await loggedIn({}, (req, res) => {
      req.session.regenerate(() => {
        req.session.user = 'grace'
        req.session.save(() => res.redirect('/'))
      })
    })
    const { setCookie } = await visit({ cookie })
    assert.deepEqual(store.calls, ['get id1', 'destroy id1', 'set id2'])
    assert.equal(setCookie.length, 1)
  })

  it('no touch follows a save', async () => {
    const { visit, cookie, store } = await loggedIn({ cookie: { maxAge: 60000 } }, async (req, res) => {
      await req.session.save()
      res.end()
    })
    await visit({ cookie })
    assert.deepEqual(store.calls, ['get id1', 'set id1'])
  })

  it('nothing is destroyed twice', async () => {
    const { visit, cookie, store } = await loggedIn({ unset: 'destroy' }, async (req, res) => {
      await req.session.destroy()
      res.end()
    })
    await visit({ cookie })
    assert.deepEqual(store.calls, ['get id1', 'destroy id1'])
  })

  it('nor when the response ends before the destroy is answered', async () => {
    const { visit, cookie, store } = await loggedIn({ unset: 'destroy' }, (req, res) => {
      req.session.destroy()
      res.end()
    })
    await visit({ cookie })
    assert.deepEqual(store.calls, ['get id1', 'destroy id1'])
  })

  it('reload of unchanged data writes nothing', async () => {
    const { visit, cookie, store } = await loggedIn({}, async (req, res) => {
      await req.session.reload()
      res.end()
    })
    await visit({ cookie })
    assert.deepEqual(
      store.calls.filter((call) => call.startsWith('set')),
      []
    )
  })

  it('reload drops changes, and writes nothing', async () => {
    const { visit, cookie, store } = await loggedIn({}, async (req, res) => {
      req.session.user = 'eve'
      await req.session.reload()
      res.send(req.session.user)
    })
    assert.equal((await visit({ cookie })).body, 'ada')
    assert.deepEqual(
      store.calls.filter((call) => call.startsWith('set')),
      []
    )
  })

  it('reload of a session that is gone says so', async () => {
    const { visit, cookie, store } = await loggedIn({}, async (req, res) => {
      store.sessions = {}
      res.send((await req.session.reload().catch((error) => error)).message)
    })
    assert.equal((await visit({ cookie })).body, 'failed to load session')
  })

  it('a session that nothing changed is serialised at most once', async () => {
    const { visit, cookie } = await loggedIn({}, (req, res) => {
      let times = 0
      Object.defineProperty(req.session.nested, 'toJSON', {
        value() {
          times += 1
          return { count: this.count }
        }
      })
      res.on('finish', () => (serialised = times))
      res.end()
    })
    let serialised
    await visit({ cookie })
    await until(() => serialised !== undefined)
    assert.ok(serialised <= 1, `${serialised} times`)
  })
})

describe('regenerate without a callback', () => {
  afterEach(closeAll)

  it('gives a new session, and the response its cookie', async () => {
    const { visit, cookie, store } = await loggedIn({}, async (req, res) => {
      await req.session.regenerate()
      req.session.user = 'grace'
      res.send(req.sessionID)
    })
    const { body, setCookie } = await visit({ cookie })
    assert.equal(body, 'id2')
    assert.equal(setCookie.length, 1)
    assert.deepEqual(Object.keys(store.sessions), ['id2'])
  })

  it('under way when the response ends: the old session is gone, nothing is lost that was acknowledged', async () => {
    const { visit, cookie, store } = await loggedIn({}, (req, res) => {
      req.session.regenerate()
      res.send('body')
    })
    assert.equal((await visit({ cookie })).body, 'body')
    assert.deepEqual(Object.keys(store.sessions), [])
  })
})

describe('an error in a callback of the app', () => {
  afterEach(closeAll)

  it('of a promise: the app hears of it', async () => {
    const { visit, cookie, errors } = await loggedIn({}, async (req) => {
      await req.session.save()
      throw new Error('the app failed')
    })
    assert.equal((await visit({ cookie })).body, 'Error page: the app failed')
    assert.equal(errors.length, 1)
  })
})
