'use strict'

// What an app keeps in an AsyncLocalStorage for a request is still there after each call of the store.

const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const { JsonStore, closeAll, serve, until } = require('../support/harness')

describe('the async context of the request survives the store', () => {
  afterEach(closeAll)

  it('in the handler, in callbacks of the session, and in the error handler', async () => {
    const context = new AsyncLocalStorage()
    // A store with one connection answers from the context in which the connection was made.
    const answers = []
    const connection = setInterval(() => answers.splice(0).forEach((answer) => answer()), 5)
    const store = new JsonStore({
      get(sid, callback) {
        answers.push(() => callback(null, this.sessions[sid] && JSON.parse(this.sessions[sid])))
      },
      set(sid, data, callback) {
        this.sessions[sid] = JSON.stringify(data)
        answers.push(() => callback(sid === 'id1' && data.fail ? new Error('set failed') : null))
      },
      destroy: (sid, callback) => answers.push(callback)
    })
    const seen = {}
    const { visit, app } = await serve(
      { store },
      (req, res) => {
        seen.handler = context.getStore()
        req.session.count = (req.session.count || 0) + 1
        req.session.save(() => {
          seen.save = context.getStore()
          req.session.reload(() => {
            seen.reload = context.getStore()
            req.session.fail = req.url === '/fail'
            res.on('finish', () => (seen.finish = context.getStore()))
            res.end()
          })
        })
      },
      (app) => app.use((req, res, next) => context.run(req.url, next))
    )
    app.use((error, req, res, next) => {
      seen.error = context.getStore()
      next(error)
    })
    try {
      const { cookie } = await visit({ path: '/first' })
      await visit({ path: '/fail', cookie })
      await until(() => seen.error)
    } finally {
      clearInterval(connection)
    }
    assert.deepEqual(seen, {
      handler: '/fail',
      save: '/fail',
      reload: '/fail',
      finish: '/fail',
      error: '/fail'
    })
  })
})
