'use strict'

// What is no id, or no response, is left alone.

const assert = require('node:assert/strict')
const { StoreKeys } = require('../../dist/session/hashed-id.js')
const { controlCaches } = require('../../dist/transport/caching.js')

describe('stand-ins', () => {
  it('an id that is no text has no key', () => {
    const keys = new StoreKeys()
    assert.equal(keys.of(5), 5)
    assert.match(keys.of('5'), /^sha256-/)
  })

  it('a response without headers is told nothing', () => {
    const response = {}
    controlCaches(response, undefined, true)
    assert.deepEqual(response, {})
  })
})
