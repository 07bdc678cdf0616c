'use strict'

// A request has a session when its path lies below that of the cookie, by RFC 6265, and only one, whatever it is served
// with.

const assert = require('node:assert/strict')
const http = require('node:http')
const express = require('express')
const { JsonStore, closeAll, listen, serve, session, usual } = require('../support/harness')

const hasSession = (req, res) => res.send(String(req.session !== undefined))

describe('cookie.path matches by RFC 6265, section 5.1.4', () => {
  afterEach(closeAll)

  for (const [cookiePath, path, matches] of [
    ['/admin', '/admin', true],
    ['/admin', '/admin/', true],
    ['/admin', '/admin/users', true],
    ['/admin', '/admin?x=1', true],
    ['/admin', '/administrator', false],
    ['/admin', '/', false],
    ['/admin/', '/admin/users', true],
    ['/admin/', '/admin', false],
    ['/', '/anything', true],
    ['/Admin', '/admin', false]
  ]) {
    it(`${cookiePath} ${matches ? 'matches' : 'does not match'} ${path}`, async () => {
      const { visit } = await serve({ store: new JsonStore(), cookie: { path: cookiePath } }, hasSession)
      assert.equal((await visit({ path })).body, String(matches))
    })
  }

  it('by the path of the whole app, when mounted', async () => {
    const app = express()
    app.use('/admin', session({ ...usual, cookie: { path: '/admin' } }), hasSession)
    const { visit } = await listen(http.createServer(app))
    assert.equal((await visit({ path: '/admin/users' })).body, 'true')
  })
})

describe('a request', () => {
  afterEach(closeAll)

  it('has the session of the outermost middleware', async () => {
    const store = new JsonStore()
    const { visit } = await serve(
      { name: 'inner' },
      (req, res) => {
        req.session.user = 'ada'
        res.end()
      },
      (app) => app.use(session({ ...usual, store, name: 'outer' }))
    )
    const { setCookie } = await visit()
    assert.equal(setCookie.length, 1)
    assert.match(setCookie[0], /^outer=/)
    assert.equal(Object.keys(store.sessions).length, 1)
  })

  it('may come with a stand-in for a response, without methods', async () => {
    const store = new JsonStore()
    const req = { headers: {}, url: '/', method: 'GET' }
    await new Promise((resolve) => session({ ...usual, store })(req, {}, resolve))
    req.session.user = 'ada'
    await new Promise((resolve) => req.session.save(resolve))
    assert.equal(Object.keys(store.sessions).length, 1)
  })
})
