'use strict'

// With onDisconnect: 'error' a store that says it is disconnected costs an error page, and not a session that seems to be none.

const assert = require('node:assert/strict')
const http = require('node:http')
const express = require('express')
const { JsonStore, closeAll, listen, loggedIn, serve, session, usual } = require('../support/harness')

const handler = (req, res) => res.end(req.session ? `session of ${req.session.user}` : 'no session')

afterEach(closeAll)

describe('onDisconnect', () => {
  for (const [name, options] of Object.entries({
    'by default': {},
    "with 'skip'": { onDisconnect: 'skip' },
    'with undefined': { onDisconnect: undefined }
  })) {
    it(`serves requests without a session ${name}`, async () => {
      const { store, visit, cookie } = await loggedIn(options, handler)
      store.emit('disconnect')
      assert.equal((await visit({ cookie })).body, 'no session')
      store.emit('connect')
      assert.equal((await visit({ cookie })).body, 'session of ada')
    })
  }

  it("with 'error' fails requests until the store is back", async () => {
    const { store, visit, cookie, errors } = await loggedIn({ onDisconnect: 'error' }, handler)
    assert.equal((await visit({ cookie })).body, 'session of ada')
    store.takeCalls()

    store.emit('disconnect')
    assert.match((await visit({ cookie })).body, /^Error page: the session store is disconnected/)
    assert.equal((await visit()).status, 500)
    for (const error of errors) {
      assert.ok(error instanceof Error)
      assert.deepEqual([error.code, error.status], ['ESTOREDISCONNECTED', 503])
    }
    assert.equal(errors.length, 2)
    assert.deepEqual(store.takeCalls(), [])

    store.emit('connect')
    assert.equal((await visit({ cookie })).body, 'session of ada')
  })

  it("answers with 503 through Express's own error handler", async () => {
    const store = new JsonStore()
    const app = express().set('env', 'test')
    app.use(session({ ...usual, store, onDisconnect: 'error' }))
    app.use(handler)
    const { visit } = await listen(http.createServer(app))
    store.emit('disconnect')
    assert.equal((await visit()).status, 503)
    store.emit('connect')
    assert.equal((await visit()).status, 200)
  })

  it("with 'error' serves what has no session anyway: other paths than the cookie's", async () => {
    const options = { onDisconnect: 'error', cookie: { path: '/shop' } }
    const store = new JsonStore()
    const { visit } = await serve({ ...options, store }, handler)
    store.emit('disconnect')
    assert.equal((await visit({ path: '/logo.png' })).body, 'no session')
    assert.match((await visit({ path: '/shop/cart' })).body, /^Error page/)
  })

  it("with 'error' honours the path that a function gives, and hears what it throws", async () => {
    const store = new JsonStore()
    const cookie = (req) => {
      if (req.url === '/odd') throw new Error('odd')
      return { path: '/shop' }
    }
    const { visit } = await serve({ store, onDisconnect: 'error', cookie }, handler)
    store.emit('disconnect')
    assert.equal((await visit({ path: '/' })).body, 'no session')
    assert.match((await visit({ path: '/shop' })).body, /disconnected/)
    assert.equal((await visit({ path: '/odd' })).body, 'Error page: odd')
  })

  it("with 'error' gives the sessions of a user to nobody, and ends none", async () => {
    const store = new JsonStore()
    const options = { store, user: ({ user }) => user }
    const { visit, middleware } = await serve({ ...options, onDisconnect: 'error' }, (req, res) => {
      req.session.user = 'ada'
      res.end()
    })
    await visit()
    store.emit('disconnect')
    store.takeCalls()
    const refusal = { code: 'ESTOREDISCONNECTED', status: 503 }
    await assert.rejects(middleware.sessionsOf('ada'), refusal)
    await assert.rejects(middleware.endSessionsOf('ada'), refusal)
    assert.deepEqual(store.takeCalls(), [])
    store.emit('connect')
    assert.equal((await middleware.sessionsOf('ada')).length, 1)
  })

  it('does not concern a request that has its session', async () => {
    const { store, visit, cookie, errors } = await loggedIn({ onDisconnect: 'error' }, (req, res) => {
      store.emit('disconnect')
      req.session.views = 1
      res.end()
    })
    assert.equal((await visit({ cookie })).status, 200)
    assert.equal(JSON.parse(store.sessions.id1).views, 1)
    assert.deepEqual(errors, [])
  })

  it('is a matter of each middleware, whose store others may use, too', async () => {
    const store = new JsonStore()
    const skipping = await serve({ store }, handler)
    const failing = await serve({ store, onDisconnect: 'error', storeTimeout: 1000 }, handler)
    store.emit('disconnect')
    assert.equal((await skipping.visit()).body, 'no session')
    assert.match((await failing.visit()).body, /^Error page/)
  })

  it('goes for a MemoryStore, too, if an app has it say so', async () => {
    const store = new session.MemoryStore()
    const { visit } = await serve({ store, onDisconnect: 'error' }, handler)
    store.emit('disconnect')
    assert.match((await visit()).body, /^Error page/)
  })

  for (const value of ['fail', '', 'Error', null, false, 0, {}, Object.create(null)]) {
    it(`refuses ${typeof value} ${JSON.stringify(value)}`, () => {
      assert.throws(
        () => session({ ...usual, onDisconnect: value }),
        (error) => {
          assert.ok(error instanceof TypeError)
          assert.match(error.message, /^onDisconnect option must be "skip" or "error", not ./)
          return true
        }
      )
    })
  }

  it('names the wrong value', () => {
    assert.throws(
      () => session({ ...usual, onDisconnect: 'fail' }),
      /^TypeError: onDisconnect .* not 'fail'$/
    )
  })
})
