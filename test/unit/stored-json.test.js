'use strict'

// What a memory store reads and replaces in a session's JSON is what parsing all of it would give.

const assert = require('node:assert/strict')
const fc = require('fast-check')
const { expiryOf, expiryOfCookie, withCookie } = require('../../dist/stores/stored-json.js')
const { Cookie } = require('../../dist/session/cookie.js')

/** Text with all that means something in JSON. */
const tricky = fc
  .array(
    fc.constantFrom('{', '}', '"', '\\', '\\"', '":{', ',', '[', ']', '{"cookie":', 'x', '\n', '\ud800', 'é')
  )
  .map((parts) => parts.join(''))

const text = fc.oneof(fc.string(), tricky)

/** JSON may be of an object that has its own `toString`, which is no function. */
function hasNumber(value) {
  try {
    Number(value)
    return true
  } catch {
    return false
  }
}

const expires = fc.oneof(
  fc.constant(null),
  fc.date({ noInvalidDate: true }),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.nat(),
  text,
  fc.jsonValue().filter(hasNumber)
)

/** A cookie as sessions have it, or whatever may stand there. */
const attributes = fc.record(
  {
    originalMaxAge: fc.option(fc.integer()),
    expires,
    httpOnly: fc.boolean(),
    domain: text,
    path: text,
    sameSite: fc.constantFrom(true, 'lax'),
    nested: fc.dictionary(text, fc.jsonValue())
  },
  { requiredKeys: [] }
)
const cookie = fc.oneof(attributes, fc.dictionary(text, fc.jsonValue()), fc.jsonValue())

const data = fc
  .dictionary(fc.oneof(text, fc.constantFrom('cookies', '"cookie"', 'user')), fc.oneof(text, fc.jsonValue()))
  .map(({ cookie: _, ...others }) => others)

/** The JSON of a session: the cookie is first as a rule. */
const session = fc.oneof(
  fc.tuple(cookie, data).map(([cookie, data]) => ({ cookie, ...data })),
  fc.tuple(cookie, data).map(([cookie, data]) => ({ ...data, cookie })),
  data
)

const replaced = (json, cookie) => JSON.stringify({ ...JSON.parse(json), cookie })

describe('the JSON of a stored session', () => {
  it('with another cookie is what parsing, replacing and writing it gives', () => {
    fc.assert(
      fc.property(session, cookie, (session, cookie) => {
        const json = JSON.stringify(session)
        assert.equal(withCookie(json, cookie), replaced(json, cookie))
      }),
      { numRuns: 1000 }
    )
  })

  it('with the same cookie is the same', () => {
    fc.assert(
      fc.property(session, (session) => {
        const json = JSON.stringify(session)
        assert.equal(withCookie(json, session.cookie), replaced(json, session.cookie))
      })
    )
  })

  it('tells when it expires as its cookie does when all of it is parsed', () => {
    fc.assert(
      fc.property(session, (session) => {
        const json = JSON.stringify(session)
        assert.equal(expiryOf(json), expiryOfCookie(JSON.parse(json).cookie))
      }),
      { numRuns: 1000 }
    )
  })

  it('takes cookies with a toJSON of their own', () => {
    const before = new Cookie({ maxAge: 1000, path: '/"}\\' })
    const json = JSON.stringify({ cookie: before, user: 'ada' })
    const after = new Cookie({ expires: new Date(5000), domain: '{"' })
    assert.equal(withCookie(json, before), json)
    assert.equal(withCookie(json, after), JSON.stringify({ cookie: after, user: 'ada' }))
    assert.equal(expiryOf(withCookie(json, after)), 5000)
  })

  it('loses a cookie that has no JSON', () => {
    for (const nothing of [undefined, () => {}, Symbol('nothing')]) {
      assert.equal(withCookie('{"cookie":{"path":"/"},"user":"ada"}', nothing), '{"user":"ada"}')
    }
  })

  it('is not taken for another one whose cookie begins alike', () => {
    assert.equal(withCookie('{"cookie":12,"a":1}', 1), '{"cookie":1,"a":1}')
    assert.equal(withCookie('{"cookie":{"a":1},"a":1}', 1), '{"cookie":1,"a":1}')
    assert.equal(withCookie('{"cookie":1,"a":1}', { a: 1 }), '{"cookie":{"a":1},"a":1}')
    assert.equal(withCookie('{"cookie":{}}', { a: 1 }), '{"cookie":{"a":1}}')
  })

  it('may have been written by hand', () => {
    const json = ' { "user": "ada",\n "cookie" : { "expires" : "1970-01-01T00:00:05.000Z" , "path": "}" } }'
    assert.equal(expiryOf(json), 5000)
    assert.equal(withCookie(json, {}), '{"user":"ada","cookie":{}}')
    for (const spaced of [
      '{"cookie":{ "path" : "}" , "expires": 5000 } , "user" : "ada"}',
      '{"cookie": {"expires":5000}}'
    ]) {
      assert.equal(expiryOf(spaced), 5000)
      assert.deepEqual(JSON.parse(withCookie(spaced, { path: '{' })), {
        ...JSON.parse(spaced),
        cookie: { path: '{' }
      })
    }
  })

  it('has no expiry when it is none of a session', () => {
    for (const json of [
      'null',
      '1',
      '"text"',
      '[]',
      '{}',
      '{"cookie":null}',
      '{"cookie":"{}"}',
      '{"cookie":[{}]}'
    ]) {
      assert.equal(expiryOf(json), undefined, json)
    }
  })

  it('that ends in its cookie, or is none, is a SyntaxError', () => {
    const json = JSON.stringify({ cookie: { path: '/"}', expires: null } })
    for (let length = 0; length < json.length - 1; length++) {
      assert.throws(() => expiryOf(json.slice(0, length)), SyntaxError, json.slice(0, length))
      assert.throws(() => withCookie(json.slice(0, length), {}), SyntaxError, json.slice(0, length))
    }
    for (const garbage of ['', 'garbage', '{"cookie":', '{"cookie":{"path":"/}', '{"cookie":{"a":"\\']) {
      assert.throws(() => expiryOf(garbage), SyntaxError, garbage)
      assert.throws(() => withCookie(garbage, {}), SyntaxError, garbage)
    }
    assert.throws(() => expiryOf('{"cookie":{garbage}}'), SyntaxError)
  })
})

describe('the expiry of a cookie', () => {
  const time = 1893456000000
  for (const [what, expires, expiry] of [
    ['a Date', new Date(time), time],
    ['its ISO text', new Date(time).toISOString(), time],
    ['other text of a date', new Date(time).toUTCString(), time],
    ['milliseconds', time, time],
    ['Infinity, which never comes', Infinity, Infinity],
    ['a Date that is none', new Date(NaN), undefined],
    ['text that is none', 'tomorrow', undefined],
    ['empty text', '', undefined],
    ['an object', {}, undefined],
    ['null', null, undefined],
    ['undefined', undefined, undefined],
    ['false', false, undefined],
    ['NaN', NaN, undefined]
  ]) {
    it(`may be ${what}`, () => assert.equal(expiryOfCookie({ expires }), expiry))
  }

  it('is undefined where there is no cookie', () => {
    for (const none of [undefined, null, 1, 'text', {}, new Cookie()]) {
      assert.equal(expiryOfCookie(none), undefined)
    }
  })
})
