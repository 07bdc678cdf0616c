'use strict'

// reload() gives the session as it is stored, and causes no write of its own.

const assert = require('node:assert/strict')
const { closeAll, loggedIn } = require('../support/harness')

describe('reload()', () => {
  afterEach(closeAll)

  it('of unchanged data writes nothing', async () => {
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

  it('drops changes, and writes nothing', async () => {
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

  it('of a session that is gone says so', async () => {
    const { visit, cookie, store } = await loggedIn({}, async (req, res) => {
      store.sessions = {}
      res.send((await req.session.reload().catch((error) => error)).message)
    })
    assert.equal((await visit({ cookie })).body, 'failed to load session')
  })
})
