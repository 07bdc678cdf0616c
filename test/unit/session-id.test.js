'use strict'

// Each session id is new, and 192 random bits; none is drawn in advance for a start-up snapshot.

const assert = require('node:assert/strict')
const { startupSnapshot } = require('node:v8')
const uid = require('uid-safe')
const { sessionIdGenerator } = require('../../dist/session/session-id.js')

/** Of how many bytes each draw is. */
function drawsDuring(something) {
  const { sync } = uid
  const draws = []
  uid.sync = (bytes) => {
    draws.push(bytes)
    return sync(bytes)
  }
  try {
    something()
  } finally {
    uid.sync = sync
  }
  return draws
}

describe('session ids', () => {
  it('are 32 characters of base64url, and never the same', () => {
    const generators = [sessionIdGenerator(), sessionIdGenerator()]
    const ids = new Set()
    for (let i = 0; i < 1000; i++) for (const generate of generators) ids.add(generate())
    assert.equal(ids.size, 2000)
    for (const id of ids) assert.match(id, /^[\w-]{32}$/)
  })

  it('are drawn many at a time, and the first not before it is asked for', () => {
    let generate
    assert.deepEqual(
      drawsDuring(() => (generate = sessionIdGenerator())),
      []
    )
    const [draw, ...others] = drawsDuring(() => generate())
    assert.deepEqual([draw % 24, draw > 24, others], [0, true, []])
    assert.deepEqual(
      drawsDuring(() => {
        for (let i = 1; i < draw / 24; i++) generate()
      }),
      []
    )
    assert.equal(drawsDuring(() => generate()).length, 1)
  })

  it('are drawn one by one while Node makes a start-up snapshot', () => {
    const { isBuildingSnapshot } = startupSnapshot
    startupSnapshot.isBuildingSnapshot = () => true
    try {
      const generate = sessionIdGenerator()
      assert.deepEqual(
        drawsDuring(() => [generate(), generate()]),
        [24, 24]
      )
    } finally {
      startupSnapshot.isBuildingSnapshot = isBuildingSnapshot
    }
  })
})
