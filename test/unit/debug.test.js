'use strict'

// DEBUG=express-session tells the name and the code of an error, as far as these look like such, and nothing when it is not set.

const assert = require('node:assert/strict')
const { format } = require('node:util')
const createDebug = require('debug')
const { debug, debugFailure, debugSession } = require('../../dist/support/debug.js')

function saidDuring(something) {
  const { log } = createDebug
  const said = []
  createDebug.log = (...args) => said.push(format(...args))
  try {
    something()
  } finally {
    createDebug.log = log
  }
  return said
}

function listen() {
  createDebug.enable('express-session')
  // Set by that, for processes that are started.
  delete process.env.DEBUG
}

describe('debugging', () => {
  after(listen)

  for (const [error, text] of [
    [Object.assign(new RangeError('id1'), { code: 'EBAD' }), 'RangeError EBAD'],
    [Object.assign(new Error('id1'), { name: 'id1', code: 'id1' }), 'Error'],
    [Object.assign(new Error('id1'), { name: 5, code: 5 }), 'Error'],
    ['id1', 'of type string'],
    [undefined, 'of type undefined']
  ]) {
    it(`says of a failure: ${text}`, () => {
      listen()
      const [said] = saidDuring(() => debugFailure('failed: %s', error))
      assert.match(said, new RegExp(`failed: ${text}\\b`))
      assert.doesNotMatch(said, /id1/)
    })
  }

  it('says nothing when nobody listens', () => {
    createDebug.disable()
    assert.deepEqual(
      saidDuring(() => {
        debug('session found')
        debugFailure('failed: %s', new Error('id1'))
        debugSession('saving %s', 'id1')
      }),
      []
    )
  })
})
