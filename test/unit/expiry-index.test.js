'use strict'

// What has expired is found without looking at what has not.

const assert = require('node:assert/strict')
const { ExpiryIndex } = require('../../dist/stores/expiry-index.js')
const { atTime } = require('../support/harness')

describe('an expiry index', () => {
  it('gives what has expired, and only that', () => {
    const index = new ExpiryIndex()
    const now = Date.now()
    index.note('soon', { expiry: now + 1000 })
    index.note('late', { expiry: now + 100000 })
    index.note('never', { expiry: undefined })
    index.note('moved', { expiry: now + 1000 })
    index.note('moved', { expiry: now + 100000 })
    index.note('past', { expiry: now - 100000 })
    const taken = atTime(now + 20000, () => [index.takeExpired(), index.takeExpired(), index.takeExpired()])
    assert.deepStrictEqual(taken.filter(Boolean).sort(), ['past', 'soon'])
    assert.strictEqual(index.size, 3)
  })
})
