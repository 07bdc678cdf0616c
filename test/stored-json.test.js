'use strict'

const assert = require('node:assert/strict')
const fc = require('fast-check')
const { Cookie } = require('express-session')
const { fingerprint } = require('../dist/fingerprint')
const { cookieJson, dataJson, joinJson } = require('../dist/session-json')

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

  it('is taken apart into what a fingerprint is, and put together again', () => {
    fc.assert(
      fc.property(cookie, data, (cookie, data) => {
        const session = { cookie, ...data }
        const json = JSON.stringify(session)
        const cut = dataJson(json)
        assert.equal(cut, fingerprint(session))
        assert.equal(joinJson(cookieJson(cookie), cut), json)
      })
    )
  })

  for (const json of [
    '',
    '{}',
    '[]',
    '"text"',
    '{"user":1,"cookie":{}}',
    '{"cookie":null}',
    '{"cookie":{"a":{}}}'
  ]) {
    it(`is left alone when it does not begin with a plain cookie: ${json}`, () => {
      assert.equal(dataJson(json), undefined)
    })
  }
})
