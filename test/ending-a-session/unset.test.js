'use strict'

// With `unset: 'destroy'` a request destroys its session by giving it up (`req.session = null`), and never a session that
// it did not have.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, gate, rawClient, serve, session, until } = require('../support/harness')
const { turns } = require('./support/overtaken')

/** A visitor with the session id1, and what the requests to /unset do. */
async function visitor(act, options = {}) {
  const store = options.store || new JsonStore()
  const served = await serve({ unset: 'destroy', ...options, store }, (req, res, next) => {
    if (req.url !== '/login') return act(req, res, next)
    req.session.user = 'ada'
    return res.end()
  })
  const { cookie } = await served.visit({ path: '/login' })
  store.takeCalls()
  return { ...served, store, cookie }
}

const unsets = {
  'is set to null': (req) => {
    req.session = null
  },
  'is set to undefined': (req) => {
    req.session = undefined
  },
  'is deleted': (req) => {
    delete req.session
  }
}

/** Ways of a store not to give a session. */
const failingGets = {
  'calls back with an error': (sid, callback) => setImmediate(callback, new Error('get failed')),
  'calls back with an error at once': (sid, callback) => callback(new Error('get failed')),
  throws: () => {
    throw new Error('get failed')
  },
  rejects: () => Promise.reject(new Error('get failed'))
}

const sendUser = (req, res) => res.send(req.session ? String(req.session.user) : 'no session')

describe("unset: 'destroy'", () => {
  afterEach(closeAll)

  for (const [how, unset] of Object.entries(unsets)) {
    it(`destroys a stored session that ${how}`, async () => {
      const { visit, store, cookie, errors } = await visitor((req, res) => {
        unset(req)
        res.send('unset')
      })
      const { body, setCookie } = await visit({ cookie })
      assert.deepEqual([body, setCookie], ['unset', []])
      assert.deepEqual(store.calls, ['get id1', 'destroy id1'])
      assert.deepEqual([store.sessions, errors], [{}, []])
    })

    it(`destroys a new session that ${how}, for the app may have stored it`, async () => {
      const { visit, store } = await visitor((req, res) => {
        req.session.user = 'bob'
        req.session.save(() => {
          unset(req)
          res.send('unset')
        })
      })
      const { body, setCookie } = await visit()
      assert.deepEqual([body, setCookie], ['unset', []])
      assert.deepEqual(store.calls, ['set id2', 'destroy id2'])
      assert.deepEqual(Object.keys(store.sessions), ['id1'])
    })

    it(`destroys a new session that ${how} also when nobody has stored it, as in 1.19.0`, async () => {
      const { visit, store } = await visitor((req, res) => {
        unset(req)
        res.end()
      })
      await visit()
      assert.deepEqual(store.calls, ['destroy id2'])
      assert.deepEqual(Object.keys(store.sessions), ['id1'])
    })
  }

  it('destroys a session in a MemoryStore', async () => {
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

  it('destroys a session whose head is out', async () => {
    const { visit, store, cookie } = await visitor((req, res) => {
      res.write('first ')
      req.session = null
      res.end('last')
    })
    assert.equal((await visit({ cookie })).body, 'first last')
    assert.deepEqual(store.sessions, {})
  })

  it('destroys the session before its client hears of it', async () => {
    const destroys = gate()
    const store = new JsonStore({
      destroy: (sid, callback) => destroys.pass(() => JsonStore.prototype.destroy.call(store, sid, callback))
    })
    const { port, cookie } = await visitor(
      (req, res) => {
        req.session = null
        res.send('unset')
      },
      { store }
    )
    const client = rawClient(port, `GET / HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n\r\n`)
    await until(() => destroys.waiting)
    await turns()
    assert.equal(client.received, '')
    destroys.open()
    await until(() => client.received.endsWith('unset'))
    assert.deepEqual(store.sessions, {})
  })

  it('destroys the new session, too, after regenerate()', async () => {
    const { visit, store, cookie } = await visitor((req, res) => {
      req.session.regenerate(() => {
        req.session = null
        res.end()
      })
    })
    await visit({ cookie })
    assert.deepEqual(store.calls, ['get id1', 'destroy id1', 'destroy id2'])
    assert.deepEqual(store.sessions, {})
  })

  it('asks only once when the app itself has destroyed the session', async () => {
    for (const waits of [true, false]) {
      const { visit, store, cookie } = await visitor((req, res) => {
        if (waits) return req.session.destroy(() => res.end())
        req.session.destroy(() => {})
        return res.end()
      })
      assert.equal((await visit({ cookie })).end, 'complete')
      assert.deepEqual(store.calls, ['get id1', 'destroy id1'], `waits: ${waits}`)
    }
  })

  it('asks again when the destroy of the app has failed', async () => {
    const { visit, store, cookie } = await visitor((req, res) => {
      req.session.destroy(() => {
        delete store.destroy
        res.end()
      })
    })
    store.destroy = (sid, callback) => setImmediate(callback, new Error('destroy failed'))
    await visit({ cookie })
    assert.deepEqual(store.sessions, {})
  })

  it('tells the app of a destroy that has failed', async () => {
    const { visit, store, cookie, errors } = await visitor((req, res) => {
      req.session = null
      res.send('unset')
    })
    store.destroy = (sid, callback) => setImmediate(callback, new Error('destroy failed'))
    assert.equal((await visit({ cookie })).end, 'complete')
    await until(() => errors.length)
    assert.deepEqual(errors.map(String), ['Error: destroy failed'])
  })

  for (const [what, get] of Object.entries(failingGets)) {
    it(`destroys nothing when the get of the store ${what}`, async () => {
      const { visit, store, cookie, errors } = await visitor(sendUser)
      store.get = get
      assert.equal((await visit({ cookie })).status, 500)
      assert.deepEqual(errors.map(String), ['Error: get failed'])
      assert.deepEqual(store.calls, [])
      delete store.get
      assert.equal((await visit({ cookie })).body, 'ada')
    })
  }

  it('destroys nothing when the store gave what is no session', async () => {
    const { visit, store, cookie, errors } = await visitor(sendUser)
    store.get = (sid, callback) => setImmediate(callback, null, { user: 'ada' })
    assert.equal((await visit({ cookie })).status, 500)
    assert.equal(errors.length, 1)
    assert.deepEqual(store.calls, [])
    delete store.get
    assert.equal((await visit({ cookie })).body, 'ada')
  })

  it('destroys nothing when reload() fails', async () => {
    const { visit, store, cookie } = await visitor((req, res) => {
      if (req.url === '/look') return sendUser(req, res)
      store.get = failingGets['calls back with an error']
      return req.session.reload((error) => {
        delete store.get
        res.send(error.message)
      })
    })
    assert.equal((await visit({ cookie })).body, 'get failed')
    assert.ok(!store.calls.includes('destroy id1'))
    assert.equal((await visit({ path: '/look', cookie })).body, 'ada')
  })

  it('destroys nothing when something has answered before the session came', async () => {
    const gets = gate()
    const store = new JsonStore()
    const { visit } = await serve(
      { store, unset: 'destroy' },
      (req, res) => {
        req.session.user ??= 'ada'
        res.send(req.session.user)
      },
      (app) => {
        app.use((req, res, next) => {
          if (req.url === '/early') void until(() => gets.waiting).then(() => res.send('too late'))
          next()
        })
      }
    )
    const { cookie } = await visit()
    store.takeCalls()
    store.get = (sid, callback) => gets.pass(() => JsonStore.prototype.get.call(store, sid, callback))
    assert.equal((await visit({ path: '/early', cookie })).body, 'too late')
    await turns()
    assert.deepEqual(store.calls, [])
    gets.open()
    await turns()
    assert.ok(!store.calls.includes('destroy id1'))
    delete store.get
    assert.equal((await visit({ cookie })).body, 'ada')
  })

  it('destroys nothing when no session could be made', async () => {
    const { visit, store, cookie, errors } = await visitor((req, res) => res.end(), {
      genid: (req) => {
        if (req.url === '/login') return 'id1'
        throw new Error('no id')
      }
    })
    assert.equal((await visit()).status, 500)
    assert.deepEqual(errors.map(String), ['Error: no id'])
    assert.deepEqual(store.calls, [])

    store.sessions = {}
    assert.equal((await visit({ cookie })).status, 500, 'in place of one that the store no longer has')
    assert.deepEqual(store.calls, ['get id1'])
  })

  it('destroys nothing when the cookie option throws', async () => {
    let isBroken = false
    const { visit, store, cookie } = await visitor(sendUser, {
      cookie: () => {
        if (isBroken) throw new Error('no cookie')
        return {}
      }
    })
    isBroken = true
    assert.equal((await visit({ cookie })).status, 500)
    isBroken = false
    assert.ok(!store.calls.includes('destroy id1'))
    assert.equal((await visit({ cookie })).body, 'ada')
  })

  it('destroys nothing when an error page is sent and the session is still there', async () => {
    const { visit, store, cookie } = await visitor((req, res, next) => {
      if (req.url === '/fail') next(new Error('no page'))
      else sendUser(req, res)
    })
    assert.equal((await visit({ path: '/fail', cookie })).status, 500)
    assert.ok(!store.calls.includes('destroy id1'))
    assert.equal((await visit({ cookie })).body, 'ada')
  })

  it('destroys nothing while the store is disconnected', async () => {
    const { visit, store, cookie } = await visitor(sendUser)
    store.emit('disconnect')
    assert.equal((await visit({ cookie })).body, 'no session')
    assert.deepEqual(store.calls, [])
    store.emit('connect')
    assert.equal((await visit({ cookie })).body, 'ada')
  })

  it('destroys nothing outside of the path of the cookie', async () => {
    const { visit, store, cookie } = await visitor((req, res) => res.send(typeof req.session), {
      cookie: { path: '/login' }
    })
    assert.equal((await visit({ path: '/other', cookie })).body, 'undefined')
    assert.deepEqual(store.calls, [])
    assert.ok(store.sessions.id1)
  })
})

describe("unset: 'keep'", () => {
  afterEach(closeAll)

  it('leaves the stored session as it is', async () => {
    for (const options of [{ unset: 'keep' }, { unset: undefined }]) {
      const { visit, store, cookie } = await visitor((req, res) => {
        if (req.url === '/look') return sendUser(req, res)
        req.session.user = 'bob'
        req.session = null
        return res.send('unset')
      }, options)
      assert.equal((await visit({ cookie })).body, 'unset')
      assert.deepEqual(store.calls, ['get id1'])
      assert.equal(JSON.parse(store.sessions.id1).user, 'ada')
      assert.equal((await visit({ path: '/look', cookie })).body, 'ada')
    }
  })

  it('ends nothing for other requests', async () => {
    const others = gate()
    const { visit, store, cookie } = await visitor(
      (req, res) => {
        if (req.url === '/slow') {
          return others.pass(() => {
            req.session.count = 1
            res.send('slow')
          })
        }
        req.session = null
        return res.send('unset')
      },
      { unset: 'keep' }
    )
    const slow = visit({ path: '/slow', cookie })
    await until(() => others.waiting)
    await visit({ cookie })
    others.open()
    await slow
    assert.equal(JSON.parse(store.sessions.id1).count, 1)
  })
})
