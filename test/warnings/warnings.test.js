'use strict'

const assert = require('node:assert')
const request = require('supertest')
const session = require('express-session')
const { appWith, cookieOf, usual, warningsDuring } = require('./support/app')

/** Writes to the session, so that there is a cookie to send. */
const write = (req, res) => {
  req.session.user = 'alice'
  res.end()
}

async function codesOf(options, handler = write, visits = 1) {
  const warnings = await warningsDuring(async () => {
    const app = appWith(options, handler)
    for (let i = 0; i < visits; i++) await request(app).get('/')
  })
  return warnings.map(({ code }) => code)
}

class WithoutTouch extends session.Store {
  sessions = new Map()
  get(sid, callback) {
    setImmediate(callback, null, this.sessions.get(sid))
  }
  set(sid, data, callback) {
    this.sessions.set(sid, JSON.parse(JSON.stringify(data)))
    setImmediate(callback)
  }
  destroy(sid, callback) {
    this.sessions.delete(sid)
    setImmediate(callback)
  }
}

describe('warnings', () => {
  it('say nothing of a healthy configuration', async () => {
    assert.deepStrictEqual(await codesOf({ cookie: { maxAge: 60000, sameSite: 'lax' } }), [])
  })

  it('say once that a secure cookie cannot be sent over plain http', async () => {
    assert.deepStrictEqual(await codesOf({ cookie: { secure: true } }, write, 3), [
      'EXPRESS_SESSION_SECURE_COOKIE_OVER_HTTP'
    ])
  })

  it('say nothing of plain http behind a proxy that is trusted', async () => {
    assert.deepStrictEqual(await codesOf({ cookie: { secure: true }, proxy: true }), [])
  })

  it('say it of plain http when the app says that its proxy is not to be trusted', async () => {
    assert.deepStrictEqual(await codesOf({ cookie: { secure: true }, proxy: false }), [
      'EXPRESS_SESSION_SECURE_COOKIE_OVER_HTTP'
    ])
  })

  it('say that a session began when the headers were out', async () => {
    const codes = await codesOf({}, (req, res) => {
      res.write('early')
      req.session.user = 'alice'
      res.end()
    })
    assert.deepStrictEqual(codes, ['EXPRESS_SESSION_HEADERS_SENT'])
  })

  it('say nothing when the cookie went out with the first bytes', async () => {
    const codes = await codesOf({}, (req, res) => {
      req.session.user = 'alice'
      res.write('early')
      req.session.more = true
      res.end()
    })
    assert.deepStrictEqual(codes, [])
  })

  it('say that a store cannot restart an idle timeout', async () => {
    const store = new WithoutTouch()
    assert.deepStrictEqual(await codesOf({ store, cookie: { maxAge: 60000 } }, write, 2), [
      'EXPRESS_SESSION_STORE_WITHOUT_TOUCH'
    ])
    assert.deepStrictEqual(await codesOf({ store, cookie: { maxAge: 60000 }, resave: true }), [])
    assert.deepStrictEqual(await codesOf({ store }), [])
  })

  it('say what browsers refuse', async () => {
    const none = 'EXPRESS_SESSION_SAMESITE_NONE_WITHOUT_SECURE'
    const prefix = 'EXPRESS_SESSION_COOKIE_NAME_PREFIX'
    assert.deepStrictEqual(await codesOf({ cookie: { sameSite: 'none' } }), [none])
    assert.deepStrictEqual(await codesOf({ cookie: { partitioned: true } }), [
      'EXPRESS_SESSION_PARTITIONED_WITHOUT_SECURE'
    ])
    assert.deepStrictEqual(await codesOf({ name: '__Host-sid' }), [prefix])
    assert.deepStrictEqual(await codesOf({ name: '__Secure-sid' }), [prefix])
    assert.deepStrictEqual(await codesOf({ name: '__other' }), [])
    assert.deepStrictEqual(await codesOf({ genid: () => 'x'.repeat(5000) }), [
      'EXPRESS_SESSION_COOKIE_TOO_LARGE'
    ])
  })

  it('hold a __Host- name to its promise over https, too', async () => {
    const https = (cookie) =>
      warningsDuring(async () => {
        const app = appWith({ name: '__Host-sid', proxy: true, cookie: { secure: true, ...cookie } }, write)
        const response = await request(app).get('/app').set('X-Forwarded-Proto', 'https, http')
        assert(cookieOf(response, '__Host-sid'))
      })
    assert.deepStrictEqual(await https({}), [])
    assert.strictEqual((await https({ path: '/app' })).length, 1)
    assert.strictEqual((await https({ domain: 'example.com' })).length, 1)
  })

  it('are given for each middleware', async () => {
    const warnings = await warningsDuring(async () => {
      for (const name of ['one', 'two']) {
        await request(appWith({ ...usual, name, cookie: { secure: true } }, write)).get('/')
      }
    })
    assert.deepStrictEqual(
      warnings.map(({ message }) => /"(\w+)"/.exec(message)[1]),
      ['one', 'two']
    )
  })
})
