'use strict'

// An id is accepted with a valid signature only, and one that is presented again and again is verified once.

const assert = require('node:assert/strict')
const crypto = require('node:crypto')
const vm = require('node:vm')
const fc = require('fast-check')
const { sign } = require('cookie-signature')
const { SignedIds } = require('../../dist/transport/signed-ids.js')

const valueOf = (id, secret) => 's:' + sign(id, secret)

/** Counts the signatures that are computed. */
function signaturesDuring(something) {
  const { createHmac } = crypto
  let count = 0
  crypto.createHmac = (...args) => {
    count++
    return createHmac(...args)
  }
  try {
    something()
  } finally {
    crypto.createHmac = createHmac
  }
  return count
}

describe('signed ids', () => {
  it('verify with any secret, and are signed with the first', () => {
    const ids = new SignedIds(true)
    const secrets = ['new', 'old']
    assert.equal(ids.verify(valueOf('alice', 'new'), secrets), 'alice')
    assert.equal(ids.verify(valueOf('bob', 'old'), secrets), 'bob')
    assert.equal(ids.verify(valueOf('eve', 'other'), secrets), undefined)
    assert.equal(ids.sign('alice', secrets), valueOf('alice', 'new'))
    assert.equal(ids.sign('bob', secrets), valueOf('bob', 'new'))
  })

  it('verify once what is presented again and again', () => {
    const ids = new SignedIds(true)
    const value = valueOf('alice', 'key')
    const count = signaturesDuring(() => {
      for (let i = 0; i < 10; i++) assert.equal(ids.verify(value, ['key']), 'alice')
      assert.equal(ids.sign('alice', ['key']), value)
    })
    assert.equal(count, 1)
  })

  it('do not remember what is not valid', () => {
    const ids = new SignedIds(true)
    const forged = valueOf('alice', 'guess')
    const count = signaturesDuring(() => {
      for (let i = 0; i < 10; i++) assert.equal(ids.verify(forged, ['key']), undefined)
    })
    assert.equal(count, 10)
  })

  it('forget all when the secrets change', () => {
    const ids = new SignedIds(true)
    const secrets = ['old']
    const value = valueOf('alice', 'old')
    assert.equal(ids.verify(value, secrets), 'alice')
    secrets[0] = 'new'
    assert.equal(ids.verify(value, secrets), undefined)
    assert.equal(ids.sign('alice', secrets), valueOf('alice', 'new'))
  })

  const bytes = () => new Uint8Array(Buffer.from('old'))
  for (const [name, view, key] of [
    ['a Buffer', Buffer.from('old')],
    ['an ArrayBuffer', bytes(), (view) => view.buffer],
    ['a SharedArrayBuffer', new Uint8Array(new SharedArrayBuffer(3)), (view) => view.buffer],
    ['an ArrayBuffer of another realm', vm.runInNewContext('new Uint8Array(3)'), (view) => view.buffer]
  ]) {
    it(`notice when the bytes of ${name} have changed`, () => {
      const ids = new SignedIds(true)
      const secrets = [key ? key(view) : view]
      view.set(Buffer.from('old'))
      assert.equal(ids.verify(valueOf('alice', 'old'), secrets), 'alice')
      assert.equal(ids.sign('alice', secrets), valueOf('alice', 'old'))
      view.set(Buffer.from('new'))
      assert.equal(ids.verify(valueOf('alice', 'old'), secrets), undefined)
      assert.equal(ids.sign('alice', secrets), valueOf('alice', 'new'))
    })
  }

  it('remember a bounded number', () => {
    const ids = new SignedIds(true)
    const first = valueOf('id0', 'key')
    for (let i = 0; i < 5000; i++) ids.verify(valueOf('id' + i, 'key'), ['key'])
    assert.equal(
      signaturesDuring(() => ids.verify(first, ['key'])),
      1
    )
  })

  it('remember none that are very long', () => {
    const ids = new SignedIds(true)
    const value = valueOf('x'.repeat(300), 'key')
    assert.equal(ids.verify(value, ['key']), 'x'.repeat(300))
    assert.equal(
      signaturesDuring(() => ids.verify(value, ['key'])),
      1
    )
  })

  it('can be told to remember nothing', () => {
    const ids = new SignedIds(false)
    const value = valueOf('alice', 'key')
    const count = signaturesDuring(() => {
      for (let i = 0; i < 5; i++) assert.equal(ids.verify(value, ['key']), 'alice')
    })
    assert.equal(count, 5)
  })

  it('are made without percent-encoding, and verify with and without', () => {
    const id = 'a/b+c= é'
    const raw = valueOf(id, 'key')
    const encoded = encodeURIComponent(raw)
    for (const remember of [true, false]) {
      const ids = new SignedIds(remember)
      assert.equal(ids.sign(id, ['key']), raw)
      assert.equal(ids.verify(encoded, ['key']), id)
      assert.equal(ids.sign(id, ['key']), raw)
      assert.equal(ids.verify(raw, ['key']), id)
      assert.equal(ids.verify(encoded, ['key']), id)
    }
  })

  it('do not verify what is not signed', () => {
    const ids = new SignedIds(true)
    const secrets = ['key']
    const signature = sign('alice', 'key').slice('alice'.length)
    for (const value of [
      '',
      'alice',
      's:',
      's:alice',
      's%3Aalice%',
      's:alice.',
      's:' + signature,
      sign('alice', 'key')
    ]) {
      assert.equal(ids.verify(value, secrets), undefined, value)
    }
    assert.equal(ids.verify(valueOf('alice', 'key'), []), undefined)
  })

  it('verify whatever the id is, again and again', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.array(fc.string({ minLength: 1 }), { minLength: 1 }),
        fc.nat(),
        (id, secrets, i) => {
          const ids = new SignedIds(true)
          const secret = secrets[i % secrets.length]
          for (const value of [valueOf(id, secret), encodeURIComponent(valueOf(id, secret))]) {
            // Half of an encoded id may be one by itself.
            if (value.includes('%') && value === valueOf(id, secret)) continue
            assert.equal(ids.verify(value, secrets), id)
            assert.equal(ids.verify(value, secrets), id)
          }
          assert.equal(ids.sign(id, secrets), valueOf(id, secrets[0]))
          assert.equal(ids.verify(valueOf(id, secret), [secret + '!']), undefined)
        }
      )
    )
  })

  it('are not misled by characters that no signature has', () => {
    const ids = new SignedIds(false)
    const value = 's:' + sign('alice', 'key')
    const head = value.slice(0, -1)
    for (const odd of [
      head + '\u00e9',
      head + '\u20ac',
      head + '\ud83d',
      head,
      value + '=',
      value + '\u00e9'
    ]) {
      assert.equal(ids.verify(odd, ['key']), undefined)
      assert.equal(ids.verify(value, ['key']), 'alice')
    }
    const dot = value.lastIndexOf('.')
    assert.equal(ids.verify(value.slice(0, dot + 1) + '\u20ac'.repeat(43), ['key']), undefined)
    assert.equal(ids.verify(value.slice(0, dot + 1), ['key']), undefined)
    assert.equal(ids.verify(value, ['key']), 'alice')
  })

  it('accept a KeyObject', () => {
    const ids = new SignedIds(true)
    const key = crypto.createSecretKey(Buffer.from('key'))
    assert.equal(ids.verify(valueOf('alice', 'key'), [key]), 'alice')
    assert.equal(ids.sign('alice', [key]), valueOf('alice', 'key'))
  })
})
