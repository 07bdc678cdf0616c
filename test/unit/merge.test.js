'use strict'

// Two changes of one session are merged by their top-level keys; what only one has changed is as that one has left it.

const assert = require('node:assert/strict')
const fc = require('fast-check')
const { bring, change, merge, mergeNotes, takeMine } = require('../../dist/session/merge.js')

const keys = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor')
const values = fc.oneof(fc.nat(2), fc.constantFrom('', null, true), fc.record({ x: fc.nat(2), y: fc.nat(2) }))
const entries = fc.array(fc.tuple(keys, values), { maxLength: 5 })
const members = entries.map((given) => {
  const made = Object.create(null)
  for (const [key, value] of given) made[key] = value
  return made
})

const text = (value) => JSON.stringify(value)
const KEYS = ['a', 'b', 'c', '__proto__', 'constructor']

describe('a merge of two changes', () => {
  it('has of each key what was changed, and of a key that both have changed what is decided', () => {
    const decided = (key, base, theirs, mine) => [base ?? 0, theirs ?? 0, mine ?? 0]
    fc.assert(
      fc.property(members, members, members, (base, theirs, mine) => {
        const merged = merge(base, theirs, mine, decided)
        for (const key of KEYS) {
          const isMine = text(mine[key]) !== text(base[key])
          const isTheirs = text(theirs[key]) !== text(base[key])
          const expected = !isMine
            ? theirs[key]
            : !isTheirs
              ? mine[key]
              : decided(0, base[key], theirs[key], mine[key])
          assert.equal(text(merged[key]), text(expected))
        }
      })
    )
  })

  it('gives who saves later the last word, where nobody else decides', () => {
    fc.assert(
      fc.property(members, members, members, (base, theirs, mine) => {
        const merged = merge(base, theirs, mine, takeMine)
        for (const key of KEYS) {
          const from = text(mine[key]) === text(base[key]) ? theirs : mine
          assert.equal(text(merged[key]), text(from[key]))
        }
      })
    )
  })

  it('is brought to what has gone on, so that the next merge counts each change once', () => {
    fc.assert(
      fc.property(members, members, members, members, (base, theirs, mine, now) => {
        const merged = merge(base, theirs, mine, takeMine)
        const brought = bring(now, mine, merged)
        const next = merge(brought.base, merged, change(now, brought.changes), takeMine)
        for (const key of KEYS) {
          const isUntouched = text(now[key]) === text(mine[key])
          assert.equal(text(next[key]), text((isUntouched ? merged : now)[key]))
        }
      })
    )
  })

  it('keeps the notes of others, and the earlier beginning', () => {
    assert.equal(mergeNotes(undefined, undefined, undefined), undefined)
    assert.deepEqual(mergeNotes(undefined, undefined, { createdAt: 1 }), { createdAt: 1 })
    assert.deepEqual(mergeNotes({ createdAt: 5, x: 1 }, { createdAt: 3, y: 2, x: 1 }, { createdAt: 9 }), {
      createdAt: 3,
      y: 2
    })
    assert.deepEqual(mergeNotes({ a: 1 }, { a: 1, b: 1 }, { a: 2 }), { a: 2, b: 1 })
    assert.deepEqual(mergeNotes(undefined, { createdAt: 'garbage' }, { createdAt: 7 }), { createdAt: 7 })
    assert.equal(mergeNotes({ a: 1 }, { a: 1 }, undefined), undefined)
  })
})
