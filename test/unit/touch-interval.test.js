'use strict'

// `touchInterval` costs one more touch where more sessions come between two requests of a session than are remembered.

const assert = require('node:assert/strict')
const { session } = require('../support/harness')
const { TouchInterval } = require('../../dist/storage/touch-interval.js')

const SECOND = 1000
const MINUTE = 60 * SECOND
const NOW = Date.UTC(2030, 0, 1)

describe('the memory of touchInterval', () => {
  it('costs one more touch where more sessions come between than are remembered', () => {
    const interval = new TouchInterval(5 * MINUTE)
    const cookie = new session.Cookie({})
    const stored = JSON.parse(JSON.stringify(cookie))
    interval.note('ada', cookie, NOW)
    assert.equal(interval.isDue('ada', stored, cookie, NOW + SECOND), false)
    for (let i = 0; i < 20_000; i++) interval.note(`somebody else ${i}`, cookie, NOW)
    assert.equal(interval.isDue('ada', stored, cookie, NOW + SECOND), true)
    interval.note('ada', cookie, NOW + SECOND)
    assert.equal(interval.isDue('ada', stored, cookie, NOW + 2 * SECOND), false)
  })
})
