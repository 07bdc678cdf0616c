'use strict'

// A session that the app destroys or regenerates is gone from the store when the response arrives, and is destroyed once.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, loggedIn, serve } = require('../support/harness')

describe('destroy()', () => {
  afterEach(closeAll)

  it('is asked of the store once, though unset asks for it again at the end', async () => {
    const { visit, cookie, store } = await loggedIn({ unset: 'destroy' }, async (req, res) => {
      await req.session.destroy()
      res.end()
    })
    await visit({ cookie })
    assert.deepEqual(store.calls, ['get id1', 'destroy id1'])
  })

  it('is asked of the store once, though the response ends before it is answered', async () => {
    const { visit, cookie, store } = await loggedIn({ unset: 'destroy' }, (req, res) => {
      req.session.destroy()
      res.end()
    })
    await visit({ cookie })
    assert.deepEqual(store.calls, ['get id1', 'destroy id1'])
  })

  it('that nobody awaits is over when the response arrives', async () => {
    const { visit, cookie, store } = await loggedIn({}, (req, res) => {
      req.session.destroy()
      res.end()
    })
    const { destroy } = JsonStore.prototype
    store.destroy = (sid, callback) => setTimeout(() => destroy.call(store, sid, callback), 10)
    assert.equal((await visit({ cookie })).end, 'complete')
    assert.deepEqual(store.sessions, {})
  })
})

describe('regenerate()', () => {
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

/** Answers later, as databases do. */
class LaterStore extends JsonStore {
  destroy(sid, callback) {
    setTimeout(() => super.destroy(sid, callback), 10)
  }
}

describe('what an app does with a session right behind its own regenerate() or destroy()', () => {
  afterEach(closeAll)

  for (const Store of [JsonStore, LaterStore]) {
    it(`is stored: a login that writes without waiting, with a ${Store.name}`, async () => {
      const { visit, cookie } = await loggedIn({ store: new Store() }, (req, res) => {
        if (req.url === '/me') return res.send(String(req.session.user))
        req.session.regenerate(() => {})
        req.session.user = 'grace'
        res.send('welcome')
      })
      await visit({ cookie })
      assert.equal((await visit({ cookie, path: '/me' })).body, 'grace')
      const newcomer = await visit()
      assert.equal((await visit({ cookie: newcomer.cookie, path: '/me' })).body, 'grace')
    })

    it(`is stored by its own save(), when the store has ended it, with a ${Store.name}`, async () => {
      const { visit, cookie, store } = await loggedIn({ store: new Store() }, async (req, res) => {
        const { session } = req
        session.destroy()
        session.user = 'grace'
        const saved = session.save()
        session.user = 'too late'
        await saved
        res.end()
      })
      await visit({ cookie })
      assert.equal(JSON.parse(store.sessions.id1).user, 'grace')
    })

    it(`is stored: a login that writes before it, and does not wait, with a ${Store.name}`, async () => {
      const { visit, cookie, store } = await loggedIn({ store: new Store() }, (req, res) => {
        req.session.count = 1
        req.session.regenerate(() => {})
        res.end()
      })
      await visit({ cookie })
      assert.equal(JSON.parse(store.sessions.id1).count, 1)
    })

    it(`is stored: a second login that does not wait, and writes what is there already, under resave, with a ${Store.name}`, async () => {
      const options = { resave: true, store: new Store() }
      const { visit, cookie, store } = await loggedIn(options, (req, res) => {
        req.session.regenerate(() => {})
        req.session.user = 'ada'
        res.end()
      })
      await visit({ cookie })
      assert.equal(JSON.parse(store.sessions.id1).user, 'ada')
    })

    it(`is stored: what a store makes of the data of a destroyed session, with a ${Store.name}`, async () => {
      const { visit, cookie, store } = await loggedIn({ store: new Store() }, async (req, res) => {
        const data = JSON.parse(JSON.stringify(req.session))
        await req.session.destroy()
        req.sessionStore.createSession(req, data)
        req.session.again = true
        res.end()
      })
      await visit({ cookie })
      assert.equal(JSON.parse(store.sessions.id1).again, true)
    })

    it(`is not stored if the session is as the store had it, with a ${Store.name}`, async () => {
      const { visit, cookie, store } = await loggedIn({ store: new Store() }, (req, res) => {
        req.session.count = 1
        req.session.save()
        req.session.regenerate(() => {})
        res.end()
      })
      await visit({ cookie })
      assert.deepEqual(store.sessions, {})
    })
  }
})

describe('a reload() that nobody awaits', () => {
  afterEach(closeAll)

  it('does not bring back what the same request destroys meanwhile', async () => {
    const { visit, cookie, store } = await loggedIn({}, (req, res) => {
      const { session } = req
      session.count = 1
      session.reload(() => {})
      session.destroy(() => res.end())
    })
    await visit({ cookie })
    assert.deepEqual(store.sessions, {})
  })

  it('does not write what the request has read over what another one has saved since', async () => {
    const { visit, cookie, store } = await loggedIn({}, (req, res) => {
      store.sessions.id1 = store.sessions.id1.replace('ada', 'grace')
      req.session.reload(() => {})
      res.end()
    })
    await visit({ cookie })
    assert.equal(JSON.parse(store.sessions.id1).user, 'grace')
  })
})

describe('a genid that gives an id again', () => {
  afterEach(closeAll)

  for (const unset of ['keep', 'destroy']) {
    it(`gives a new session after a logout, to a client that kept its cookie, under unset: '${unset}'`, async () => {
      const store = new JsonStore()
      const genid = () => 'of the device'
      const { visit } = await serve({ store, genid, unset }, async (req, res) => {
        if (req.url === '/logout' && unset === 'destroy') req.session = null
        else if (req.url === '/logout') await req.session.destroy()
        else req.session.count = (req.session.count || 0) + 1
        if (req.url === '/save') await req.session.save()
        res.send(String(req.session?.count))
      })
      const { cookie } = await visit()
      await visit({ cookie, path: '/logout' })
      assert.equal((await visit({ cookie })).body, '1')
      assert.equal((await visit({ cookie })).body, '2')
      await visit({ cookie, path: '/logout' })
      assert.equal((await visit({ cookie, path: '/save' })).body, '1')
      assert.equal((await visit({ cookie })).body, '2')
    })
  }
})
