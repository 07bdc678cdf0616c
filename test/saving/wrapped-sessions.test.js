'use strict'

const assert = require('node:assert/strict')
const express = require('express')
const request = require('supertest')

/** Counts the calls of a method of a store. */
function counting(store, method) {
  const original = store[method]
  store.calls = 0
  store[method] = function (...args) {
    this.calls++
    return original.apply(this, args)
  }
  return store
}

// Apps do so to see what is written to the session, or to refuse it.
const inProxy = (target) =>
  new Proxy(target, {
    set(target, key, value) {
      target[key] = value
      return true
    }
  })

for (const name of ['express-session', 'upstream-session']) {
  const session = require(name)

  describe(`a session that an app has wrapped in a proxy, with ${name}`, () => {
    function appWith(store, handler) {
      const app = express()
      app.use(session({ secret: 'secret', resave: false, saveUninitialized: false, store }))
      app.use((req, res, next) => {
        req.session = inProxy(req.session)
        next()
      })
      return app.use(handler)
    }

    it('is saved once', async () => {
      const store = counting(new session.MemoryStore(), 'set')
      const app = appWith(store, (req, res) => {
        req.session.user = 'ada'
        req.session.save(() => res.end())
      })
      const response = await request(app).get('/')
      assert.match(response.headers['set-cookie'][0], /^connect\.sid=/)
      assert.equal(store.calls, 1)
    })

    it('is regenerated', async () => {
      const store = new session.MemoryStore()
      const app = appWith(store, (req, res) => {
        const before = req.sessionID
        req.session.regenerate(() => {
          req.session.user = 'ada'
          res.json({ changed: req.sessionID !== before })
        })
      })
      const response = await request(app).get('/')
      assert.equal(response.body.changed, true)
      assert.equal(Object.keys(store.sessions).length, 1)
    })
  })
}
