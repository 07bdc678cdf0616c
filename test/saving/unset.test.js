'use strict'

// `unset: 'destroy'` destroys a session that the app has taken away, and nothing where the request never had one.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, serve, session, until } = require('../support/harness')

const good = JsonStore.prototype
const destroys = (store) => store.calls.filter((call) => call.startsWith('destroy'))

/** Logs a visitor in with a store that behaves, and then serves the handler. */
async function afterLogin(handler, options, setUp) {
  const store = new JsonStore()
  const served = await serve(
    { store, unset: 'destroy', ...options },
    (req, res, next) => {
      if (req.path !== '/login') return handler(req, res, next)
      req.session.user = 'ada'
      res.end()
    },
    setUp
  )
  const { cookie } = await served.visit({ path: '/login' })
  store.takeCalls()
  return { ...served, store, cookie }
}

const look = (req, res) => res.send(String(req.session.user))

describe("unset: 'destroy' destroys nothing", () => {
  afterEach(closeAll)

  const failures = {
    'calls back with an error': (sid, callback) => setImmediate(callback, new Error('no')),
    'calls back with an error at once': (sid, callback) => callback(new Error('no')),
    throws: () => {
      throw new Error('no')
    },
    rejects: () => Promise.reject(new Error('no')),
    'finds what is no session': (sid, callback) => setImmediate(callback, null, { user: 'no cookie' })
  }

  for (const [what, get] of Object.entries(failures)) {
    it(`when the get of the store ${what}`, async () => {
      const { visit, store, cookie } = await afterLogin(look)
      store.get = get
      assert.equal((await visit({ cookie })).status, 500)
      store.get = good.get
      assert.deepEqual(destroys(store), [])
      assert.equal((await visit({ cookie })).body, 'ada')
    })
  }

  it('when something has answered before the store has', async () => {
    let response
    const { visit, store, cookie } = await afterLogin(look, {}, (app) => {
      app.use((req, res, next) => {
        response = res
        next()
      })
    })
    let answer
    store.get = (sid, callback) => (answer = callback)
    const timedOut = visit({ cookie })
    await until(() => answer)
    response.status(503).send('too slow')
    assert.equal((await timedOut).body, 'too slow')
    store.get = good.get
    assert.deepEqual(destroys(store), [])
    assert.equal((await visit({ cookie })).body, 'ada')
  })

  it('when the store is disconnected', async () => {
    const { visit, store, cookie } = await afterLogin((req, res) => res.send(String(req.session?.user)))
    store.emit('disconnect')
    assert.equal((await visit({ cookie })).body, 'undefined')
    store.emit('connect')
    assert.deepEqual(destroys(store), [])
    assert.equal((await visit({ cookie })).body, 'ada')
  })

  it('when the cookie option throws', async () => {
    let broken = false
    const cookieOption = () => {
      if (broken) throw new Error('no')
      return {}
    }
    const { visit, store, cookie } = await afterLogin(look, { cookie: cookieOption })
    broken = true
    assert.equal((await visit({ cookie })).status, 500)
    broken = false
    assert.deepEqual(destroys(store), [])
    assert.equal((await visit({ cookie })).body, 'ada')
  })

  it('when the genid for a new session throws', async () => {
    let broken = false
    const genid = () => {
      if (broken) throw new Error('no')
      return 'id1'
    }
    const { visit, store, cookie } = await afterLogin(look, { genid })
    broken = true
    store.sessions = {}
    assert.equal((await visit({ cookie })).status, 500)
    assert.deepEqual(destroys(store), [])
  })

  it('when an error page is sent and the session is still there', async () => {
    const { visit, store, cookie } = await afterLogin((req, res, next) => {
      if (req.path === '/fail') next(new Error('no'))
      else look(req, res)
    })
    assert.equal((await visit({ path: '/fail', cookie })).status, 500)
    assert.deepEqual(destroys(store), [])
    assert.equal((await visit({ cookie })).body, 'ada')
  })

  it('when reload fails', async () => {
    const { visit, store, cookie } = await afterLogin((req, res) => {
      if (req.path === '/look') return look(req, res)
      store.get = failures['calls back with an error']
      req.session.reload((error) => {
        store.get = good.get
        res.send(error.message)
      })
    })
    assert.equal((await visit({ cookie })).body, 'no')
    assert.deepEqual(destroys(store), [])
    assert.equal((await visit({ path: '/look', cookie })).body, 'ada')
  })
})

describe("unset: 'destroy' destroys", () => {
  afterEach(closeAll)

  const ways = {
    'set to null': (req) => (req.session = null),
    'set to undefined': (req) => (req.session = undefined),
    deleted: (req) => delete req.session
  }

  for (const [way, unset] of Object.entries(ways)) {
    it(`a stored session that is ${way}`, async () => {
      const { visit, store, cookie } = await afterLogin((req, res) => {
        unset(req)
        res.end()
      })
      await visit({ cookie })
      assert.deepEqual(destroys(store), ['destroy id1'])
      assert.deepEqual(store.sessions, {})
    })

    it(`a new session that is ${way}, saved or not`, async () => {
      const { visit, store } = await afterLogin((req, res) => {
        if (req.path === '/save') {
          req.session.save(() => {
            unset(req)
            res.end()
          })
        } else {
          unset(req)
          res.end()
        }
      })
      await visit({ path: '/save' })
      await visit()
      assert.deepEqual(destroys(store), ['destroy id2', 'destroy id3'])
      assert.deepEqual(Object.keys(store.sessions), ['id1'])
    })
  }

  it('a session in a MemoryStore', async () => {
    const store = new session.MemoryStore()
    const { visit } = await serve({ store, unset: 'destroy' }, (req, res) => {
      if (req.path === '/login') req.session.user = 'ada'
      else req.session = null
      res.end()
    })
    const { cookie } = await visit({ path: '/login' })
    await visit({ cookie })
    assert.deepEqual(Object.keys(store.sessions), [])
  })

  it('nothing under the default, which keeps the session', async () => {
    const { visit, store, cookie } = await afterLogin(
      (req, res) => {
        if (req.path === '/look') return look(req, res)
        req.session = null
        res.end()
      },
      { unset: 'keep' }
    )
    await visit({ cookie })
    assert.deepEqual(destroys(store), [])
    assert.equal((await visit({ path: '/look', cookie })).body, 'ada')
  })
})
