'use strict'

// A logout is final also with a store whose touch reads the session and writes it again, as session-file-store does.

const assert = require('node:assert/strict')
const { closeAll, serve } = require('../support/harness')
const { stores } = require('./support/stores')

describe('session-file-store', () => {
  afterEach(closeAll)

  it('has none of a hundred sessions after a hundred logouts, each while a page is read', async () => {
    const { store, stored, close } = stores['session-file-store'].open()
    try {
      const options = { store, rolling: true, cookie: { maxAge: 600_000 } }
      const { visit } = await serve(options, (req, res, next) => {
        if (req.url === '/logout') return req.session.destroy((error) => (error ? next(error) : res.end()))
        if (req.url === '/login') req.session.user = 'ada'
        return res.send('a page')
      })
      const ids = await Promise.all(
        Array.from({ length: 100 }, async () => {
          const { cookie } = await visit({ path: '/login' })
          const page = visit({ path: '/', cookie })
          await Promise.all([page, visit({ path: '/logout', cookie })])
          return /s%3A(id\d+)/.exec(cookie)[1]
        })
      )
      assert.equal(new Set(ids).size, 100)
      assert.deepEqual(ids.filter(stored), [])
    } finally {
      close()
    }
  })
})
