'use strict'

// What would cost an app its sessions without a word is said once, as a process warning with a code; what is well is not.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, serve, session, usual, warningsDuring } = require('../support/harness')

const SECURE_COOKIE_OVER_HTTP = 'EXPRESS_SESSION_SECURE_COOKIE_OVER_HTTP'
const COOKIE_NAME_PREFIX = 'EXPRESS_SESSION_COOKIE_NAME_PREFIX'
const STORE_WITHOUT_TOUCH = 'EXPRESS_SESSION_STORE_WITHOUT_TOUCH'

/** Writes to the session, so that there is a cookie to send. */
function countVisits(req, res) {
  req.session.count = (req.session.count || 0) + 1
  res.send(String(req.session.count))
}

/** The codes of the warnings that an app gives while it serves some visits. */
const codesOf = (options, handler = countVisits, request = {}) =>
  warningsDuring(async () => {
    const { visit } = await serve({ store: new JsonStore(), ...options }, handler)
    for (let i = 0; i < 3; i++) assert.equal((await visit(request)).status, 200)
  })

const overHttps = { path: '/app', headers: { 'X-Forwarded-Proto': 'https, http' } }
const onHttps = (options) => codesOf({ proxy: true, ...options }, countVisits, overHttps)

describe('a warning is given once per cause, with a code', () => {
  afterEach(closeAll)

  const causes = {
    'a secure cookie over plain http': [SECURE_COOKIE_OVER_HTTP, { cookie: { secure: true } }],
    'a secure cookie behind a proxy that is not trusted': [
      SECURE_COOKIE_OVER_HTTP,
      { proxy: false, cookie: { secure: true } }
    ],
    'SameSite=None without Secure': [
      'EXPRESS_SESSION_SAMESITE_NONE_WITHOUT_SECURE',
      { cookie: { sameSite: 'none' } }
    ],
    'Partitioned without Secure': [
      'EXPRESS_SESSION_PARTITIONED_WITHOUT_SECURE',
      { cookie: { partitioned: true } }
    ],
    'a __Host- name without Secure': [COOKIE_NAME_PREFIX, { name: '__Host-sid' }],
    'a __Host- name with a Domain': [
      COOKIE_NAME_PREFIX,
      { name: '__Host-sid', cookie: { secure: 'auto', domain: 'example.com' } }
    ],
    'a __Secure- name without Secure': [COOKIE_NAME_PREFIX, { name: '__Secure-sid' }],
    'a cookie over 4,096 bytes': ['EXPRESS_SESSION_COOKIE_TOO_LARGE', { genid: () => 'x'.repeat(5000) }],
    'a store without touch, under an idle timeout': [
      STORE_WITHOUT_TOUCH,
      { store: new JsonStore({ touch: undefined }), cookie: { maxAge: 1000 } }
    ]
  }

  for (const [cause, [code, options]] of Object.entries(causes)) {
    it(cause, async () => {
      assert.deepEqual(await codesOf(options), [code])
    })
  }

  it('which does no harm where warnings throw, as some tests have them', async () => {
    const { emitWarning } = process
    process.emitWarning = (warning) => {
      throw new Error(warning)
    }
    try {
      const store = Object.assign(new JsonStore(), { touch: undefined })
      const { visit } = await serve({ store, cookie: { maxAge: 60000 } }, (req, res) => res.send('body'))
      assert.equal((await visit()).body, 'body')
    } finally {
      process.emitWarning = emitWarning
    }
  })

  it('headers already sent when the session first changed', async () => {
    const codes = await codesOf({}, (req, res) => {
      res.write('first')
      req.session.user = 'ada'
      res.end('last')
    })
    assert.deepEqual(codes, ['EXPRESS_SESSION_HEADERS_SENT'])
  })

  it('a __Host- name with a Path or a Domain, over https, too', async () => {
    const name = '__Host-sid'
    assert.deepEqual(await onHttps({ name, cookie: { secure: true, path: '/app' } }), [COOKIE_NAME_PREFIX])
    assert.deepEqual(await onHttps({ name, cookie: { secure: true, domain: 'example.com' } }), [
      COOKIE_NAME_PREFIX
    ])
  })

  describe('by middlewares that share a store:', () => {
    /** An app that makes a middleware for each request, as some do for each tenant. */
    async function perRequest(optionsOf) {
      const store = new JsonStore({ touch: undefined })
      const setUp = (app) =>
        app.use((req, res, next) => session({ ...usual, store, ...optionsOf(req) })(req, res, next))
      return (await serve({}, countVisits, setUp)).visit
    }

    it('the same text once', async () => {
      const codes = await warningsDuring(async () => {
        const visit = await perRequest(() => ({
          resave: 'no',
          saveUninitialised: true,
          cookie: { secure: true }
        }))
        for (let i = 0; i < 3; i++) await visit()
      })
      assert.deepEqual(codes, [
        'EXPRESS_SESSION_OPTION_NAME',
        'EXPRESS_SESSION_OPTION_VALUE',
        SECURE_COOKIE_OVER_HTTP
      ])
    })

    it('another text each time', async () => {
      const codes = await warningsDuring(async () => {
        const visit = await perRequest((req) => ({ name: req.path.slice(1), cookie: { secure: true } }))
        for (const path of ['/one', '/two', '/one', '/two']) await visit({ path })
      })
      assert.deepEqual(codes, [SECURE_COOKIE_OVER_HTTP, SECURE_COOKIE_OVER_HTTP])
    })
  })

  it('and by each middleware that has its own store', async () => {
    const codes = await warningsDuring(async () => {
      for (const name of ['one', 'two']) {
        const { visit } = await serve({ name, cookie: { secure: true } }, countVisits)
        await visit()
      }
    })
    assert.deepEqual(codes, [SECURE_COOKIE_OVER_HTTP, SECURE_COOKIE_OVER_HTTP])
  })
})

describe('no warning is given of', () => {
  afterEach(closeAll)

  it('the usual options', async () => {
    assert.deepEqual(await codesOf({ cookie: { maxAge: 60000, sameSite: 'lax' } }), [])
    assert.deepEqual(await codesOf({ name: '__other' }), [])
  })

  it('a secure cookie behind a proxy that is trusted', async () => {
    const secure = { secure: true, maxAge: 60000 }
    assert.deepEqual(await onHttps({ name: '__Host-sid', cookie: secure }), [])
    assert.deepEqual(await codesOf({ proxy: true, cookie: secure }), [])
  })

  it('a session that changed again when its cookie was out', async () => {
    const codes = await codesOf({}, (req, res) => {
      req.session.user = 'ada'
      res.write('first')
      req.session.more = true
      res.end('last')
    })
    assert.deepEqual(codes, [])
  })

  it('a store without touch that needs none', async () => {
    const store = new JsonStore({ touch: undefined })
    assert.deepEqual(await codesOf({ store, cookie: { maxAge: 60000 }, resave: true }), [])
    assert.deepEqual(await codesOf({ store }), [])
  })
})
