'use strict'

// Once a session is destroyed, regenerated or unset, no other request of the process brings it back.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, gate, serve, until } = require('../support/harness')

/** An app in which a slow request, /slow, is in flight while others end its session. */
async function withSlowRequest(options = {}) {
  const store = new JsonStore()
  const slow = gate()
  const served = await serve({ store, unset: 'destroy', ...options }, (req, res, next) => {
    switch (req.url) {
      case '/login':
        req.session.user = 'ada'
        return res.end()
      case '/change':
        req.session.count = 1
        return res.send('changed')
      case '/slow':
        req.session.count = 1
        return slow.pass(() => res.send('slow'))
      case '/slow-look':
        return slow.pass(() => res.send('slow'))
      case '/slow-save':
        req.session.count = 1
        return slow.pass(() => req.session.save((error) => res.send(`saved ${error}`)))
      case '/destroy':
        return req.session.destroy((error) => (error ? next(error) : res.send('destroyed')))
      case '/regenerate':
        return req.session.regenerate((error) => (error ? next(error) : res.send('regenerated')))
      case '/unset':
        req.session = null
        return res.send('unset')
      default:
        res.send(String(req.session.user))
    }
  })
  const { cookie } = await served.visit({ path: '/login' })

  /** Has a slow request overtaken by another one. */
  async function overtake(path, by) {
    const response = served.visit({ path, cookie })
    await until(() => slow.waiting)
    await served.visit({ path: by, cookie })
    store.takeCalls()
    slow.open()
    return response
  }
  return { ...served, store, cookie, overtake }
}

describe('a request in flight cannot revive a session that another request has ended', () => {
  afterEach(closeAll)

  for (const by of ['/destroy', '/regenerate', '/unset']) {
    it(`${by.slice(1)}: its save at the end is skipped`, async () => {
      const { overtake, store, visit, cookie } = await withSlowRequest()
      assert.equal((await overtake('/slow', by)).body, 'slow')
      assert.deepEqual(store.calls, [])
      assert.equal(store.sessions.id1, undefined)
      assert.equal((await visit({ cookie })).body, 'undefined')
    })

    it(`${by.slice(1)}: its own save() is skipped`, async () => {
      const { overtake, store } = await withSlowRequest()
      assert.equal((await overtake('/slow-save', by)).end, 'complete')
      assert.equal(store.sessions.id1, undefined)
    })

    it(`${by.slice(1)}: its touch is skipped`, async () => {
      const { overtake, store } = await withSlowRequest()
      await overtake('/slow-look', by)
      assert.deepEqual(store.calls, [])
    })

    it(`${by.slice(1)}: nor with resave and rolling`, async () => {
      const { overtake, store } = await withSlowRequest({ resave: true, rolling: true })
      await overtake('/slow-look', by)
      assert.equal(store.sessions.id1, undefined)
    })
  }

  it('a destroy that failed has ended nothing', async () => {
    const { overtake, store } = await withSlowRequest()
    store.destroy = (sid, callback) => setImmediate(callback, new Error('destroy failed'))
    await overtake('/slow', '/destroy')
    assert.equal(JSON.parse(store.sessions.id1).count, 1)
  })

  it('store.destroy() called directly is the business of the app', async () => {
    const { visit, store, cookie } = await withSlowRequest()
    store.destroy('id1', () => {})
    assert.equal((await visit({ cookie })).end, 'complete')
  })

  it('a session that is ended while it is being saved is gone afterwards', async () => {
    const { visit, store, cookie } = await withSlowRequest()
    const answers = gate()
    const { set } = JsonStore.prototype
    store.set = function (sid, data, callback) {
      answers.pass(() => set.call(this, sid, data, callback))
    }
    const change = visit({ path: '/change', cookie })
    await until(() => answers.waiting)
    await visit({ path: '/destroy', cookie })
    answers.open()
    assert.equal((await change).body, 'changed')
    assert.equal(store.sessions.id1, undefined)
  })

  it('a new session that gets the same id by genid is another one', async () => {
    const store = new JsonStore()
    const { visit } = await serve({ store, genid: () => 'only' }, (req, res, next) => {
      req.session.regenerate((error) => {
        if (error) return next(error)
        req.session.visited = req.url
        res.end()
      })
    })
    const { cookie } = await visit({ path: '/first' })
    await visit({ path: '/second', cookie })
    assert.equal(JSON.parse(store.sessions.only).visited, '/second')
  })
})
