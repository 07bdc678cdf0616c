'use strict'

const assert = require('node:assert')
const { execFileSync } = require('node:child_process')
const express = require('express')
const request = require('supertest')
const session = require('express-session')
const { appWith, usual } = require('./support/app')

const hasSession = (req, res) => res.send(String(Boolean(req.session)))

describe('a request has a session', () => {
  it('below the path of the cookie, and only there (RFC 6265 section 5.1.4)', async () => {
    const app = appWith({ cookie: { path: '/admin' } }, hasSession)
    const expected = {
      '/admin': 'true',
      '/admin/users': 'true',
      '/admin?x': 'true',
      '/administrator': 'false',
      '/': 'false'
    }
    for (const [path, text] of Object.entries(expected))
      assert.strictEqual((await request(app).get(path)).text, text, path)

    const slash = appWith({ cookie: { path: '/admin/' } }, hasSession)
    assert.strictEqual((await request(slash).get('/admin/users')).text, 'true')
    assert.strictEqual((await request(slash).get('/admin')).text, 'false')
  })

  it('below the path that a cookie function gives, which is asked once', async () => {
    let asked = 0
    const cookie = () => ({ path: `/${++asked}` })
    const app = appWith({ cookie }, hasSession)
    assert.strictEqual((await request(app).get('/1/page')).text, 'true')
    assert.strictEqual(asked, 1)
  })

  it('by the path of the whole app when mounted', async () => {
    const app = express()
    app.use('/admin', session({ ...usual, cookie: { path: '/admin' } }), hasSession)
    assert.strictEqual((await request(app).get('/admin/users')).text, 'true')
  })

  it('from the outermost middleware', async () => {
    const app = express()
    app.use(session({ ...usual, name: 'outer' }))
    app.use(session({ ...usual, name: 'inner' }))
    app.use((req, res) => {
      req.session.user = 'alice'
      res.end()
    })
    const cookies = (await request(app).get('/')).headers['set-cookie']
    assert.strictEqual(cookies.length, 1)
    assert.match(cookies[0], /^outer=/)
  })

  it('unless the store has lost its connection', async () => {
    const store = new session.MemoryStore()
    const app = appWith({ store }, hasSession)
    store.emit('disconnect')
    assert.strictEqual((await request(app).get('/')).text, 'false')
    store.emit('connect')
    assert.strictEqual((await request(app).get('/')).text, 'true')
  })
})

describe('session() without the options that should be given', () => {
  it('says so, in the line of the app', () => {
    const script = `
      const session = require('express-session')
      process.on('deprecation', ({ message, stack }) => console.log(message, /evalmachine|\\[eval\\]/.test(stack)))
      session()`
    const printed = execFileSync(process.execPath, ['-e', script], { cwd: __dirname, encoding: 'utf8' })
    assert.deepStrictEqual(printed.trim().split('\n'), [
      'undefined resave option; provide resave option true',
      'undefined saveUninitialized option; provide saveUninitialized option true',
      'req.secret; provide secret option true'
    ])
  })

  it('warns of a MemoryStore in production', () => {
    const script = "require('express-session')({ secret: 'x', resave: false, saveUninitialized: false })"
    const { spawnSync } = require('node:child_process')
    const env = { ...process.env, NODE_ENV: 'production' }
    const { stderr } = spawnSync(process.execPath, ['-e', script], { cwd: __dirname, encoding: 'utf8', env })
    assert.match(stderr, /MemoryStore is not\ndesigned for a production environment/)
  })
})
