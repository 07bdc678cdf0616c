'use strict'

// What is remembered of signed ids is bounded, belongs to the secrets in force, and keeps nothing of the request.

const assert = require('node:assert/strict')
const crypto = require('node:crypto')
const vm = require('node:vm')
const { RememberedIds } = require('../../dist/transport/remembered-ids.js')
const { collectGarbage } = require('../support/engine')

/** Remembers ids as those who verify them do: it is asked first. */
function remember(remembered, value, id, signed, secrets = ['key']) {
  remembered.idOf(value, secrets)
  remembered.remember(value, id, signed)
}

describe('remembered ids', () => {
  it('are found by what was presented, and the other way round', () => {
    const remembered = new RememberedIds()
    assert.equal(remembered.idOf('s%3Aalice.x', ['key']), undefined)
    remembered.remember('s%3Aalice.x', 'alice', 's:alice.x')
    assert.equal(remembered.idOf('s%3Aalice.x', ['key']), 'alice')
    assert.equal(remembered.idOf('s:alice.x', ['key']), undefined)
    assert.equal(remembered.valueOf('alice', ['key']), 's:alice.x')
    assert.equal(remembered.valueOf('bob', ['key']), undefined)
  })

  it('have no value to send when another secret than the first has signed them', () => {
    const remembered = new RememberedIds()
    remember(remembered, 's:alice.x', 'alice', undefined, ['new', 'old'])
    assert.equal(remembered.idOf('s:alice.x', ['new', 'old']), 'alice')
    assert.equal(remembered.valueOf('alice', ['new', 'old']), undefined)
  })

  for (const [change, secrets] of Object.entries({
    'another secret': ['other'],
    'one more': ['key', 'more'],
    'another order': ['older', 'key'],
    none: []
  })) {
    it(`are forgotten when the secrets are ${change}`, () => {
      const remembered = new RememberedIds()
      remember(remembered, 's:alice.x', 'alice', 's:alice.x')
      assert.equal(remembered.idOf('s:alice.x', secrets), undefined)
      assert.equal(remembered.valueOf('alice', secrets), undefined)
      assert.equal(remembered.idOf('s:alice.x', ['key']), undefined)
    })
  }

  it('are forgotten when the array of secrets is changed, and not when it is copied', () => {
    const remembered = new RememberedIds()
    const secrets = ['key']
    remember(remembered, 's:alice.x', 'alice', 's:alice.x', secrets)
    assert.equal(remembered.idOf('s:alice.x', [...secrets]), 'alice')
    secrets.unshift('new')
    assert.equal(remembered.valueOf('alice', secrets), undefined)
  })

  const bytes = () => Buffer.from('key')
  for (const [name, secret] of Object.entries({
    'a Buffer': bytes(),
    'a Uint8Array': new Uint8Array(bytes()),
    'a DataView': new DataView(new ArrayBuffer(3)),
    'an ArrayBuffer': new ArrayBuffer(3),
    'a SharedArrayBuffer': new SharedArrayBuffer(3),
    'a Uint8Array of shared bytes': new Uint8Array(new SharedArrayBuffer(3)),
    'an ArrayBuffer of another realm': vm.runInNewContext('new ArrayBuffer(3)'),
    'a Uint8Array of another realm': vm.runInNewContext('new Uint8Array(3)')
  })) {
    it(`are none under ${name}, whose bytes can change`, () => {
      for (const secrets of [[secret], ['key', secret]]) {
        const remembered = new RememberedIds()
        remember(remembered, 's:alice.x', 'alice', 's:alice.x', secrets)
        assert.equal(remembered.idOf('s:alice.x', secrets), undefined)
        assert.equal(remembered.valueOf('alice', secrets), undefined)
      }
    })
  }

  it('are remembered under a KeyObject, which never changes', () => {
    const remembered = new RememberedIds()
    const secrets = [crypto.createSecretKey(bytes())]
    remember(remembered, 's:alice.x', 'alice', 's:alice.x', secrets)
    assert.equal(remembered.idOf('s:alice.x', secrets), 'alice')
  })

  it('are remembered again when the key that could change is gone', () => {
    const remembered = new RememberedIds()
    remember(remembered, 's:alice.x', 'alice', 's:alice.x', [bytes()])
    remember(remembered, 's:alice.x', 'alice', 's:alice.x', ['key'])
    assert.equal(remembered.idOf('s:alice.x', ['key']), 'alice')
  })

  it('are bounded in number', () => {
    const remembered = new RememberedIds()
    for (let i = 0; i < 10000; i++) {
      remember(remembered, `s:id${i}.x`, `id${i}`, `s:id${i}.x`)
      assert.equal(remembered.idOf(`s:id${i}.x`, ['key']), `id${i}`)
      assert.ok(remembered.ids.size <= 4096 && remembered.values.size <= 4096)
    }
    assert.equal(remembered.idOf('s:id0.x', ['key']), undefined)
  })

  it('are bounded in length', () => {
    const remembered = new RememberedIds()
    const [short, long] = [256, 257].map((length) => 's:'.padEnd(length, 'x'))
    remember(remembered, short, 'short', short)
    remember(remembered, long, 'long', long)
    assert.equal(remembered.idOf(short, ['key']), 'short')
    assert.equal(remembered.idOf(long, ['key']), undefined)
    assert.equal(remembered.valueOf('long', ['key']), undefined)
  })

  it('keep nothing of the headers that they stood in', () => {
    const used = () => {
      collectGarbage()
      return process.memoryUsage().heapUsed
    }
    const remembered = new RememberedIds()
    const before = used()
    for (let i = 0; i < 1000; i++) {
      const header = Buffer.alloc(100000, `${i}; `).toString('latin1')
      const value = header.slice(0, 50) + i
      remember(remembered, header.slice(10 + i, 60 + i), header.slice(100 + i, 150 + i), value)
    }
    assert.ok(remembered.ids.size > 0)
    assert.ok(used() - before < 20000000)
  })

  it('are the same to the last character, odd ones included', () => {
    const remembered = new RememberedIds()
    for (const id of ['', 'é', '€', '\ud83d', '😀', '\0', '__proto__', 'constructor']) {
      remember(remembered, `s:${id}.x`, id, `s:${id}.x`)
      assert.equal(remembered.idOf(`s:${id}.x`, ['key']), id)
      assert.equal(remembered.valueOf(id, ['key']), `s:${id}.x`)
    }
    assert.equal(remembered.idOf('s:\ufffd.x', ['key']), undefined)
  })
})
