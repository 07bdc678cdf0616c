'use strict'

// What has expired is found without looking at what has not, whatever the clock says.

const assert = require('node:assert/strict')
const fc = require('fast-check')
const { ExpiryIndex } = require('../../dist/stores/expiry-index.js')
const { atTime } = require('../support/harness')

/** An id is found so much late at the most. */
const SLOT = 5000

const TODAY = Date.UTC(2030, 0, 1)

/** All that has expired by a time; as those who ask do, it deletes what it has found. */
function takeExpired(index, time) {
  const taken = []
  atTime(time, () => {
    for (let id = index.findExpired(); id !== undefined; id = index.findExpired()) {
      taken.push(id)
      index.delete(id)
    }
  })
  return taken.sort()
}

const ids = fc.constantFrom('', 'a', 'b', 'c', 'd', '__proto__')
const time = fc.oneof(
  fc.integer({ min: 0, max: 10 * SLOT }),
  fc.integer({ min: TODAY - SLOT, max: TODAY + 3 * SLOT }),
  fc.nat(TODAY)
)
const expiry = fc.oneof(
  { weight: 5, arbitrary: time },
  fc.constantFrom(undefined, Infinity, -Infinity, -1, 0.5, Number.MAX_VALUE)
)
const steps = fc.array(
  fc.oneof(
    fc.record({ set: ids, expiry }),
    fc.record({ delete: ids }),
    // The clock, which may go back.
    fc.record({ now: time }),
    fc.record({ take: fc.constant(true) })
  ),
  { maxLength: 50 }
)

describe('an expiry index', () => {
  it('gives what has expired, and only that', () => {
    const index = new ExpiryIndex()
    index.set('soon', TODAY + 1000)
    index.set('late', TODAY + 100000)
    index.set('never')
    index.set('moved', TODAY + 1000)
    index.set('moved', TODAY + 100000)
    index.set('called back', TODAY + 100000)
    index.set('called back', TODAY + 1000)
    index.set('now never', TODAY + 1000)
    index.set('now never')
    index.set('past', TODAY - 100000)
    index.set('deleted', TODAY + 1000)
    index.delete('deleted')
    index.delete('unknown')
    assert.deepEqual(takeExpired(index, TODAY + 20000), ['called back', 'past', 'soon'])
    assert.equal(index.size, 4)
    assert.equal(index.nextFind, TODAY + 100000 - ((TODAY + 100000) % SLOT) + SLOT)
    assert.deepEqual(takeExpired(index, TODAY + 200000), ['late', 'moved'])
    assert.equal(index.size, 2)
    assert.equal(index.nextFind, Infinity)
  })

  it('does as a simple model does, whatever happens', () => {
    fc.assert(
      fc.property(steps, (steps) => {
        const index = new ExpiryIndex()
        const model = new Map()
        let now = TODAY
        for (const step of steps) {
          if ('set' in step) {
            index.set(step.set, step.expiry)
            model.set(step.set, step.expiry ?? Infinity)
          } else if ('delete' in step) {
            index.delete(step.delete)
            model.delete(step.delete)
          } else if ('now' in step) {
            now = step.now
          } else {
            for (const id of takeExpired(index, now)) {
              assert.ok(model.get(id) <= now, `${id} is too early`)
              model.delete(id)
            }
            for (const [id, expiry] of model) assert.ok(expiry > now - SLOT, `${id} was not found`)
          }

          const expiries = [...model.values()]
          assert.equal(index.size, model.size)
          assert.equal(index.nextFind, (Math.floor(Math.min(...expiries) / SLOT) + 1) * SLOT)
          assert.equal(
            atTime(now, () => index.countLiving()),
            expiries.filter((expiry) => expiry > now).length
          )
        }
        assert.deepEqual(
          takeExpired(index, Number.MAX_VALUE),
          [...model.keys()].filter((id) => model.get(id) < Number.MAX_VALUE).sort()
        )
      }),
      { numRuns: 500 }
    )
  })

  it('keeps what was found, until it is deleted or set anew', () => {
    const index = new ExpiryIndex()
    for (const id of ['a', 'b', 'c']) index.set(id, TODAY)
    atTime(TODAY + 2 * SLOT, () => {
      const found = [index.findExpired(), index.findExpired(), index.findExpired()]
      assert.deepEqual(found.sort(), ['a', 'b', 'c'])
      assert.equal(index.size, 3)
      // From the beginning, since they are still there.
      assert.ok(['a', 'b', 'c'].includes(index.findExpired()))
      index.set('a', TODAY + 10 * SLOT)
      index.delete('b')
      index.delete('c')
      assert.equal(index.findExpired(), undefined)
    })
    assert.equal(index.size, 1)
  })

  it('counts what has expired only while that is still there', () => {
    const index = new ExpiryIndex()
    index.set('a', TODAY + 1)
    index.set('b', TODAY + 2)
    index.set('c')
    const livingAt = (time) => atTime(time, () => index.countLiving())
    assert.deepEqual([TODAY, TODAY + 1, TODAY + 2, TODAY + SLOT].map(livingAt), [3, 2, 1, 1])
    assert.equal(index.size, 3)
  })

  it('finds nothing before its time, and all when the clock of 1970 has been set', () => {
    const index = new ExpiryIndex()
    for (let i = 0; i < 1000; i++) index.set(`new ${i}`, TODAY + i * 60000)
    for (let i = 0; i < 1000; i++) index.set(`old ${i}`, i * 60000)
    assert.deepEqual(takeExpired(index, 0), [])
    assert.deepEqual(takeExpired(index, 2 * SLOT), ['old 0'])
    assert.equal(takeExpired(index, TODAY).length, 999)
    assert.deepEqual(takeExpired(index, 0), [])
    assert.equal(takeExpired(index, TODAY + 1000 * 60000 + SLOT).length, 1000)
    assert.deepEqual([index.size, index.nextFind], [0, Infinity])
  })
})
