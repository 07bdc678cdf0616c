'use strict'

// An app may put a proxy around its session, to see what is written to it or to refuse it.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, serve } = require('../support/harness')

const inProxy = (target) =>
  new Proxy(target, {
    set(target, key, value) {
      target[key] = value
      return true
    }
  })

/** Serves an app that wraps each session. */
const serveWrapped = (store, handler) =>
  serve({ store }, (req, res, next) => {
    req.session = inProxy(req.session)
    handler(req, res, next)
  })

describe('a session in a proxy', () => {
  afterEach(closeAll)

  it('is saved once', async () => {
    const store = new JsonStore()
    const { visit } = await serveWrapped(store, (req, res) => {
      req.session.user = 'ada'
      req.session.save(() => res.end())
    })
    assert.equal((await visit()).setCookie.length, 1)
    assert.deepEqual(store.calls, ['set id1'])
  })

  it('is regenerated', async () => {
    const store = new JsonStore()
    const { visit } = await serveWrapped(store, (req, res) => {
      req.session.regenerate(() => {
        req.session.user = 'ada'
        res.send(req.sessionID)
      })
    })
    assert.equal((await visit()).body, 'id2')
    assert.deepEqual(Object.keys(store.sessions), ['id2'])
  })
})
