'use strict'

// What is remembered across requests takes no more than it may, and what was noted last is forgotten last.

const assert = require('node:assert/strict')
const crypto = require('node:crypto')
const { BoundedMemory } = require('../../dist/support/bounded-memory.js')
const { collectGarbage } = require('../support/engine')

const KB = 1024
const MB = 1024 * KB

function heapUsed() {
  for (let i = 0; i < 3; i++) collectGarbage()
  return process.memoryUsage().heapUsed
}

describe('a bounded memory', () => {
  it('remembers a value for each key, the latest', () => {
    const memory = new BoundedMemory(64 * KB)
    assert.equal(memory.get('a'), undefined)
    memory.set('a', 1)
    memory.set('b', 2)
    memory.set('a', 3)
    assert.deepEqual([memory.get('a'), memory.get('b')], [3, 2])
    memory.delete('a')
    memory.delete('never there')
    assert.deepEqual([memory.get('a'), memory.get('b')], [undefined, 2])
  })

  it('forgets what has not been noted for long, and keeps what was noted just now', () => {
    const memory = new BoundedMemory(64 * KB)
    memory.set('long ago', 0)
    for (let i = 0; i < 10_000; i++) {
      memory.set('again and again', i)
      memory.set(`once ${i}`, i)
      assert.equal(memory.get('again and again'), i)
      assert.equal(memory.get(`once ${i}`), i)
      if (i > 0) assert.equal(memory.get(`once ${i - 1}`), i - 1)
    }
    assert.equal(memory.get('long ago'), undefined)
    assert.equal(memory.get('once 0'), undefined)
  })

  it('gives the latest value, and deletes all of them, when its older half has one, too', () => {
    const memory = new BoundedMemory(64 * KB)
    memory.set('a', 'old')
    // Until the younger half is a new one.
    for (let i = 0; i < 200; i++) memory.set(`other ${i}`, i)
    assert.equal(memory.get('a'), 'old')
    memory.set('a', 'new')
    assert.equal(memory.get('a'), 'new')
    memory.delete('a')
    assert.equal(memory.get('a'), undefined)
  })

  it('remembers some thousand session ids in two megabytes', () => {
    const memory = new BoundedMemory(2 * MB)
    const ids = Array.from({ length: 5000 }, () => crypto.randomBytes(24).toString('base64url'))
    for (const id of ids) memory.set(id, id.length)
    assert.ok(ids.every((id) => memory.get(id) === 32))
  })

  for (const [name, lengthOf] of Object.entries({
    'short keys': () => 8,
    'keys as they are': () => 32,
    'long keys': () => 4000,
    'keys of all lengths': (i) => 1 + ((i * 7919) % 8000)
  })) {
    it(`takes no more than it may, with ${name}`, () => {
      const memory = new BoundedMemory(2 * MB)
      const before = heapUsed()
      for (let i = 0; i < 30_000; i++) memory.set(String(i).padEnd(lengthOf(i), 'é'), i)
      const bytes = heapUsed() - before
      assert.ok(bytes < 2.5 * MB, `${bytes} bytes`)
      assert.ok(memory.get('never there') === undefined)
    })
  }

  it('does not take a key that is larger than all of it, and forgets nothing for that', () => {
    const memory = new BoundedMemory(64 * KB)
    memory.set('a', 1)
    for (let i = 0; i < 10; i++) memory.set(`${i}`.repeat(64 * KB), 1)
    assert.equal(memory.get('0'.repeat(64 * KB)), undefined)
    assert.equal(memory.get('a'), 1)
  })

  it('keeps nothing of the text that a key is a part of', () => {
    const memory = new BoundedMemory(2 * MB)
    const before = heapUsed()
    for (let i = 0; i < 200; i++) memory.set(`${'x'.repeat(100_000)}${i} and the end of it`.slice(-20), i)
    const bytes = heapUsed() - before
    assert.ok(bytes < MB, `${bytes} bytes`)
    assert.equal(memory.get('x199 and the end of it'.slice(-20)), 199)
  })
})
