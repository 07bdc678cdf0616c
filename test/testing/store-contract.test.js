'use strict'

// storeContract tells authors of stores what is wrong with theirs: each clause finds a fault that no other finds, and a store that is
// right passes, however it answers.

const assert = require('node:assert/strict')
const session = require('express-session')
const { storeContract } = require('express-session/testing')
const brokenStores = require('./broken-stores')
const { outcomesOf, testsOf } = require('./collect')

const { MemoryStore, Store } = session

/** How many broken stores are tried at the same time. */
const LANES = 8

const names = testsOf(() => new MemoryStore()).map(({ name }) => name)
const failed = (outcomes) => names.filter((name) => outcomes[name] instanceof Error)

storeContract({ describe, it }, () => new MemoryStore())

describe('storeContract', () => {
  it('has a broken store for each of its clauses', () => {
    const rules = Object.keys(brokenStores)
    assert.deepEqual(
      names.filter((name) => !rules.some((rule) => name.startsWith(`${rule}, or `))),
      []
    )
    assert.equal(rules.length, names.length)
  })

  describe('finds, by that clause alone, the store that breaks it', () => {
    const outcomes = {}

    // Some at the same time: they mostly wait for sessions to expire.
    before(async () => {
      const waiting = Object.entries(brokenStores)
      const lane = async () => {
        for (let each = waiting.shift(); each; each = waiting.shift()) {
          const [rule, Broken] = each
          outcomes[rule] = await outcomesOf(() => new Broken())
        }
      }
      await Promise.all(Array.from({ length: LANES }, lane))
    })

    for (const rule of Object.keys(brokenStores)) {
      it(rule, () => {
        assert.deepEqual(
          failed(outcomes[rule]),
          names.filter((name) => name.startsWith(`${rule}, or `))
        )
      })
    }
  })
})
