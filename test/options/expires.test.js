'use strict'

// A cookie.expires option that is no date is refused when the middleware is made, unless a maxAge overwrites it; a Date is taken
// as it is.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, serve, session, until, usual } = require('../support/harness')
const { stopClock } = require('../support/clock')

describe('the option cookie.expires', () => {
  afterEach(closeAll)

  for (const expires of [
    3600000,
    1,
    -1,
    'tomorrow',
    '2030-01-01T00:00:00.000Z',
    true,
    {},
    [],
    () => new Date()
  ]) {
    it(`is refused, in words that name it: ${typeof expires} ${String(expires)}`, () => {
      assert.throws(
        () => session({ ...usual, cookie: { expires } }),
        (error) => error instanceof TypeError && /cookie\.expires/.test(error.message)
      )
    })
  }

  it('is refused where it comes behind a maxAge, too', () => {
    assert.throws(() => session({ ...usual, cookie: { maxAge: 1000, expires: 'tomorrow' } }), TypeError)
  })

  for (const expires of [Date.now() + 3600000, 'tomorrow']) {
    it(`counts for nothing where a maxAge stands behind it: ${typeof expires}`, async () => {
      const store = new JsonStore()
      const { visit } = await serve({ store, cookie: { expires, maxAge: 60_000 } }, (req, res) => {
        req.session.views = (req.session.views ?? 0) + 1
        res.end(String(req.session.views))
      })
      const { cookie, setCookie } = await visit()
      assert.equal(setCookie.length, 1)
      assert.equal(JSON.parse(store.sessions.id1).cookie.originalMaxAge, 60_000)
      assert.equal((await visit({ cookie })).body, '2')
    })
  }

  for (const expires of [
    undefined,
    null,
    new Date(),
    new Date(0),
    new Date(NaN),
    new (class extends Date {})()
  ]) {
    it(`may be ${String(expires)}`, () => {
      session({ ...usual, cookie: { expires } })
    })
  }

  it('that is a Date is the end of the cookie', async () => {
    const clock = stopClock()
    try {
      const expires = new Date(Date.now() + 60 * 60 * 1000)
      const { visit } = await serve({ store: new JsonStore(), cookie: { expires } }, (req, res) => {
        req.session.user = 'ada'
        res.end()
      })
      assert.match((await visit()).setCookie[0], /; Expires=Tue, 01 Jan 2030 01:00:00 GMT;/)
    } finally {
      clock.restore()
    }
  })

  it('that is an invalid Date: the response goes out without the cookie, and next hears of it', async () => {
    const { visit, errors } = await serve(
      { store: new JsonStore(), cookie: { expires: new Date(NaN) } },
      (req, res) => {
        req.session.user = 'ada'
        res.send('body')
      }
    )
    const { end, body, setCookie } = await visit()
    assert.deepEqual([end, body, setCookie], ['complete', 'body', []])
    await until(() => errors.length > 0)
    assert.deepEqual(
      errors.map(({ message }) => message),
      ['option expires is invalid']
    )
  })

  it('that is null takes the end of a cookie away', async () => {
    const { visit } = await serve({ store: new JsonStore(), cookie: { expires: null } }, (req, res) => {
      req.session.user = 'ada'
      res.end()
    })
    assert.match((await visit()).setCookie[0], /; Path=\/; HttpOnly$/)
  })
})
