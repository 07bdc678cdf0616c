'use strict'

// The bound cookie goes where the session cookie goes, and says in Set-Cookie what the browser was promised.

const assert = require('node:assert/strict')
const { ServerResponse } = require('node:http')
const { BoundCookie, maxAgeFor } = require('../../dist/device/bound-cookie.js')

const response = () => new ServerResponse({ method: 'GET' })

describe('the bound cookie', () => {
  it('is sent with the attributes of the session cookie, Secure in any case', () => {
    const res = response()
    const cookie = new BoundCookie('sid.bound', {
      path: '/shop',
      domain: 'example.com',
      sameSite: true,
      httpOnly: true
    })
    cookie.send(res, 'value', 60)
    const { attributes } = cookie
    assert.equal(attributes, 'Domain=example.com; Path=/shop; HttpOnly; Secure; SameSite=Strict')
    assert.deepEqual(res.getHeader('Set-Cookie'), [`sid.bound=value; ${attributes}; Max-Age=60`])
  })

  it('stands beside other cookies, and is forgotten under the same attributes', () => {
    for (const before of ['a=1', ['a=1', 'b=2']]) {
      const res = response()
      res.setHeader('Set-Cookie', before)
      new BoundCookie('sid.bound', { path: undefined }).clear(res)
      assert.deepEqual(res.getHeader('Set-Cookie'), [
        ...[before].flat(),
        'sid.bound=; Path=/; Secure; Expires=Thu, 01 Jan 1970 00:00:00 GMT'
      ])
    }
  })

  it('refuses attributes that would be others', () => {
    assert.throws(() => new BoundCookie('sid.bound', { path: '/; Domain=x' }), TypeError)
  })

  it('is old for a browser before it is for the server', () => {
    for (const lifetime of [1, 999, 5000, 60_000, 600_000, 86_400_000]) {
      const maxAge = maxAgeFor(lifetime)
      assert.ok(maxAge === 1 || maxAge * 1000 < lifetime)
      assert.ok(lifetime - maxAge * 1000 <= 31_000)
    }
  })
})
