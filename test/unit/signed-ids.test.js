'use strict'

// An id is accepted with a valid signature only, and one that is presented again and again is verified once.

const assert = require('node:assert/strict')
const crypto = require('node:crypto')
const { sign } = require('cookie-signature')
const { SignedIds } = require('../../dist/transport/signed-ids.js')

const valueOf = (id, secret) => encodeURIComponent('s:' + sign(id, secret))

/** Counts the signatures that are computed: by `createHmac`, or each by two hashes. */
async function signaturesDuring(something) {
  const { createHmac, hash } = crypto
  let count = 0
  crypto.createHmac = (...args) => {
    count++
    return createHmac(...args)
  }
  crypto.hash = (...args) => {
    count += 1 / 2
    return hash(...args)
  }
  try {
    await something()
  } finally {
    crypto.createHmac = createHmac
    crypto.hash = hash
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

  it('verify once what is presented again and again', async () => {
    const ids = new SignedIds(true)
    const value = valueOf('alice', 'key')
    const count = await signaturesDuring(() => {
      for (let i = 0; i < 10; i++) assert.equal(ids.verify(value, ['key']), 'alice')
      assert.equal(ids.sign('alice', ['key']), value)
    })
    assert.equal(count, 1)
  })

  it('do not remember what is not valid', async () => {
    const ids = new SignedIds(true)
    const forged = valueOf('alice', 'guess')
    const count = await signaturesDuring(() => {
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

  it('notice a key whose bytes have changed', () => {
    const ids = new SignedIds(true)
    const key = Buffer.from('old')
    assert.equal(ids.verify(valueOf('alice', 'old'), [key]), 'alice')
    key.write('new')
    assert.equal(ids.verify(valueOf('alice', 'old'), [key]), undefined)
  })

  it('remember a bounded number', async () => {
    const ids = new SignedIds(true)
    const first = valueOf('id0', 'key')
    for (let i = 0; i < 5000; i++) ids.verify(valueOf('id' + i, 'key'), ['key'])
    assert.equal(await signaturesDuring(() => ids.verify(first, ['key'])), 1)
  })

  it('can be told to remember nothing', async () => {
    const ids = new SignedIds(false)
    const value = valueOf('alice', 'key')
    const count = await signaturesDuring(() => {
      for (let i = 0; i < 5; i++) assert.equal(ids.verify(value, ['key']), 'alice')
    })
    assert.equal(count, 5)
  })

  it('take values as browsers and other clients send them', () => {
    const ids = new SignedIds(true)
    assert.equal(ids.verify('s:' + sign('alice', 'key'), ['key']), 'alice')
    assert.equal(ids.verify('alice', ['key']), undefined)
    assert.equal(ids.verify('s%3Aalice%', ['key']), undefined)
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
