'use strict'

const assert = require('node:assert/strict')
const fc = require('fast-check')
const { Cookie } = require('express-session')
const { cookieJson } = require('../dist/cookie-json')
const { fingerprint } = require('../dist/fingerprint')
const { SessionJson } = require('../dist/session-json')

// What is cut and put together must be, to the byte, what JSON.stringify would have made of the session.

const attribute = fc.oneof(
  fc.constantFrom(undefined, null, true, false, 'lax', '/', 'a}"b', '\\', '{', 0, 5),
  fc.string()
)
const expires = fc.oneof(
  fc.constantFrom(null, undefined, false, 'text', new Date(NaN)),
  fc.date({ noInvalidDate: true })
)
const cookie = fc
  .record(
    {
      originalMaxAge: fc.oneof(fc.constantFrom(null, undefined, NaN, 12.5, 'text'), fc.integer()),
      expires,
      partitioned: attribute,
      priority: attribute,
      secure: attribute,
      httpOnly: attribute,
      domain: attribute,
      path: attribute,
      sameSite: attribute
    },
    { requiredKeys: [] }
  )
  .map(({ expires, originalMaxAge, ...attributes }) => {
    const made = Object.assign(new Cookie(), attributes)
    made._expires = expires
    made.originalMaxAge = originalMaxAge
    return made
  })
const data = fc.dictionary(
  // Keys that are numbers would come before the cookie.
  fc.string().filter((key) => key !== 'cookie' && key !== '__proto__' && !/^\d+$/.test(key)),
  fc.jsonValue()
)

describe("a session's JSON", () => {
  it('has the JSON of its cookie', () => {
    fc.assert(fc.property(cookie, (cookie) => assert.equal(cookieJson(cookie), JSON.stringify(cookie))))
  })

  it('has the JSON of its cookie, whatever other cookies of the same attributes were written before', () => {
    const moment = fc.integer({ min: 0, max: 5000 }).map((ms) => new Date(Date.UTC(2030, 0) + ms))
    const times = fc.array(
      fc.tuple(fc.constantFrom(null, 60_000, 3_600_000), fc.option(moment), fc.boolean())
    )
    fc.assert(
      fc.property(times, (times) => {
        for (const [originalMaxAge, expires, secure] of times) {
          const cookie = new Cookie({ secure, expires })
          cookie.originalMaxAge = originalMaxAge
          assert.equal(cookieJson(cookie), JSON.stringify(cookie))
        }
      })
    )
  })

  it('is written from its cookie and its fingerprint, which can be cut out again', () => {
    fc.assert(
      fc.property(cookie, data, (cookie, data) => {
        const session = { cookie, ...data }
        for (const json of [SessionJson.of(session), SessionJson.of(session, fingerprint(session))]) {
          assert.equal(json.text, JSON.stringify(session))
          assert.equal(json.data, fingerprint(session))
        }
      })
    )
  })

  it('gets another cookie', () => {
    fc.assert(
      fc.property(cookie, cookie, data, (one, other, data) => {
        const json = SessionJson.of({ cookie: one, ...data }).withCookie(other)
        assert.equal(json.text, JSON.stringify({ cookie: other, ...data }))
        assert.equal(json.data, fingerprint(data))
      })
    )
  })

  it('stays the same object when it gets the cookie that it has, and that does not expire', () => {
    const json = SessionJson.of({ cookie: new Cookie(), views: 1 })
    assert.equal(json.withCookie(new Cookie()), json)
    assert.notEqual(json.withCookie(new Cookie({ path: '/admin' })), json)
    assert.notEqual(json.withCookie(new Cookie({ maxAge: 1000 })), json)
  })

  for (const session of [
    {},
    { user: 1, cookie: {} },
    { cookie: null },
    { cookie: 5, 1: 'first' },
    { cookie: { toJSON: () => undefined }, views: 1 },
    { cookie: {}, toJSON: () => 'text' },
    Object.create({ cookie: {} })
  ]) {
    const text = JSON.stringify(session)
    it(`is what JSON.stringify writes, when it does not begin with a cookie: ${text}`, () => {
      const json = SessionJson.of(session)
      assert.equal(json.text, text)
      assert.equal(json.data, undefined)
    })
  }

  it('is left as it is when somebody else has written it, until it gets a cookie', () => {
    const text = '{ "views": 1, "cookie": { "expires": "2030-01-01T00:00:00.000Z" } }'
    const json = SessionJson.from(text)
    assert.equal(json.text, text)
    assert.equal(json.expiry, Date.UTC(2030))
    assert.equal(json.data, undefined)
    assert.equal(json.withCookie({ expires: null }).text, '{"views":1,"cookie":{"expires":null}}')
  })
})
