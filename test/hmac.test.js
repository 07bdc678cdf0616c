'use strict'

const assert = require('node:assert/strict')
const crypto = require('node:crypto')
const fc = require('fast-check')
const { sign } = require('cookie-signature')
const { Hmac, canHashAtOnce } = require('../dist/hmac.js')

const hex = (base64) => Buffer.from(base64, 'base64').toString('hex')

describe('an HMAC', function () {
  before(function () {
    // Node before 20.12 signs by createHmac.
    if (!canHashAtOnce) this.skip()
  })

  it('is that of RFC 4231, sections 4.2 and 4.3', () => {
    assert.equal(
      hex(new Hmac('\x0b'.repeat(20)).base64('Hi There')),
      'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'
    )
    assert.equal(
      hex(new Hmac('Jefe').base64('what do ya want for nothing?')),
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'
    )
  })

  it('is that of createHmac, whatever the key and the texts', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.constantFrom('', '\ud800', 'x'.repeat(64), 'x'.repeat(65), 'é'.repeat(32), 'é'.repeat(33))
    )
    fc.assert(
      fc.property(text, fc.array(text, { maxLength: 5 }), (key, texts) => {
        const hmac = new Hmac(key)
        for (const text of texts) {
          assert.equal(hmac.base64(text), crypto.createHmac('sha256', key).update(text).digest('base64'))
        }
      })
    )
  })
})

describe('where Node cannot hash in one call', () => {
  it('ids are signed all the same', () => {
    const files = ['../dist/hmac.js', '../dist/signed-ids.js'].map((file) => require.resolve(file))
    const loaded = files.map((file) => require.cache[file])
    const { hash } = crypto
    const forget = () => files.forEach((file) => delete require.cache[file])
    crypto.hash = undefined
    forget()
    try {
      const { SignedIds } = require('../dist/signed-ids.js')
      const value = encodeURIComponent('s:' + sign('alice', 'key'))
      assert.equal(new SignedIds(true).sign('alice', ['key']), value)
      assert.equal(new SignedIds(true).verify(value, ['key']), 'alice')
    } finally {
      crypto.hash = hash
      forget()
      files.forEach((file, i) => {
        if (loaded[i]) require.cache[file] = loaded[i]
      })
    }
  })
})
