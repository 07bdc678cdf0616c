'use strict'

// Several middlewares can share a store, each with its own options; while the store is disconnected there are no sessions.

const assert = require('node:assert/strict')
const http = require('node:http')
const express = require('express')
const { JsonStore, closeAll, listen, serve, session, usual, visit } = require('../support/harness')

describe('several middlewares that share a store', () => {
  afterEach(closeAll)

  it('listen to it once', () => {
    const store = new JsonStore()
    for (let i = 0; i < 20; i++) session({ ...usual, store })
    assert.equal(store.listenerCount('connect'), 1)
    assert.equal(store.listenerCount('disconnect'), 1)
  })

  it('keep their own cookie options and genid', async () => {
    const store = new JsonStore()
    const app = express()
    const write = (req, res) => {
      req.session.user = 'ada'
      res.send(req.sessionID)
    }
    app.use(
      '/a',
      session({ ...usual, store, name: 'a', genid: () => 'from-a', cookie: { sameSite: 'lax' } }),
      write
    )
    app.use(
      '/b',
      session({ ...usual, store, name: 'b', genid: () => 'from-b', cookie: { maxAge: 5000 } }),
      write
    )
    const { port } = await listen(http.createServer(app))

    const a = await visit(port, { path: '/a' })
    const b = await visit(port, { path: '/b' })
    assert.deepEqual([a.body, b.body], ['from-a', 'from-b'])
    assert.match(a.setCookie[0], /; Path=\/; HttpOnly; SameSite=Lax$/)
    assert.match(b.setCookie[0], /; Path=\/; Expires=[^;]+; HttpOnly$/)
  })
})

describe('a store that is disconnected', () => {
  afterEach(closeAll)

  it('has sessions for a middleware that is made after it has said so, as in 1.x', async () => {
    const store = new JsonStore()
    const app = express()
    app.use((req, res, next) => session({ ...usual, store })(req, res, next))
    app.use((req, res) => res.send(typeof req.session))
    const { port } = await listen(http.createServer(app))
    session({ ...usual, store })
    store.emit('disconnect')
    assert.equal((await visit(port)).body, 'object')
  })

  it('need not be an emitter: two middlewares can share one that only has an `on`', () => {
    const store = { on() {}, get() {}, set() {}, destroy() {} }
    session({ ...usual, store })
    assert.equal(typeof session({ ...usual, store }), 'function')
  })

  it('is listened to again when somebody has removed all its listeners', async () => {
    const store = new JsonStore()
    session({ ...usual, store })
    store.emit('disconnect')
    store.removeAllListeners()
    const { visit: ask } = await serve({ store }, (req, res) => res.send(typeof req.session))
    assert.equal((await ask()).body, 'object')
    store.emit('disconnect')
    assert.equal((await ask()).body, 'undefined')
    store.emit('connect')
    assert.equal((await ask()).body, 'object')
  })

  it('is passed by: there is no session until it is back', async () => {
    const store = new JsonStore()
    const { visit } = await serve({ store }, (req, res) => res.send(String(req.session && req.sessionID)))
    assert.equal((await visit()).body, 'id1')
    store.emit('disconnect')
    assert.equal((await visit()).body, 'undefined')
    store.emit('connect')
    assert.equal((await visit()).body, 'id2')
  })
})
