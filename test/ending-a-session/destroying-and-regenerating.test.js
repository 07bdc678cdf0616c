'use strict'

// A session that the app destroys or regenerates is gone from the store when the response arrives, and is destroyed once.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, loggedIn } = require('../support/harness')

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
