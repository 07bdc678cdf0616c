'use strict'

// storeContract does not blame a store for a machine so busy that a session is over before its end is moved.

const assert = require('node:assert/strict')
const { setTimeout: sleep } = require('node:timers/promises')
const { movesTheEnd } = require('../../dist/testing/clauses/moved-end.js')

const HOUR = 60 * 60 * 1000

/** Stands in for a store that is tried, with all sessions where they should be. */
function triedStore(over) {
  let ids = 0
  return {
    newId: () => `session ${++ids}`,
    put: async () => {},
    has: async () => true,
    expires: async () => true,
    holdsNone: async () => {},
    ...over
  }
}

const move = async () => {}

describe('the clauses about the end of a session', () => {
  it('use sessions that live longer where the first ones were too slow', async () => {
    const lives = []
    const waits = []
    const tried = triedStore({
      async put(id, data, { maxAge }) {
        if (maxAge < HOUR) lives.push(maxAge)
        if (lives.length === 1) await sleep(600)
      },
      async expires(id, life) {
        waits.push(life)
        return true
      }
    })
    await movesTheEnd('set', move)(tried)
    const [first, second] = lives
    assert.equal(second, 2 * first)
    assert.deepEqual(waits, [lives.at(-1)])
  })

  it('fail at once where the store refuses', async () => {
    const tried = triedStore({ put: () => Promise.reject(new Error('refused')) })
    await assert.rejects(movesTheEnd('set', move)(tried), /^Error: refused$/)
  })

  it('do not ask for an end from a store from which nothing expires', async () => {
    const holdsNone = () => Promise.reject(new Error('asked'))
    await movesTheEnd('set', move)(triedStore({ expires: async () => false, holdsNone }))
    await assert.rejects(movesTheEnd('set', move)(triedStore({ holdsNone })), /^Error: asked$/)
  })
})
