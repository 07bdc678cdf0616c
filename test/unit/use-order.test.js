'use strict'

// The least recently used of many ids is known after each use, however many there are.

const assert = require('node:assert/strict')
const fc = require('fast-check')
const { UseOrder } = require('../../dist/stores/use-order.js')

/** The same with a Map, whose keys are in the order in which they were put in. */
class Model {
  ids = new Map()

  add(id) {
    this.ids.delete(id)
    this.ids.set(id, true)
  }

  use(id) {
    if (this.ids.has(id)) this.add(id)
  }

  delete(id) {
    this.ids.delete(id)
  }
}

describe('the order of use', () => {
  it('is that of a simple model', () => {
    const step = fc.tuple(fc.constantFrom('add', 'use', 'delete'), fc.nat(5))
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const order = new UseOrder()
        const model = new Model()
        for (const [what, i] of steps) {
          order[what](`id${i}`)
          model[what](`id${i}`)
          assert.equal(order.size, model.ids.size)
          assert.equal(order.leastRecent, model.ids.keys().next().value)
        }
      })
    )
  })

  it('grows with the number of ids', () => {
    const order = new UseOrder()
    for (let i = 0; i < 5000; i++) order.add(`id${i}`)
    order.use('id0')
    assert.equal(order.size, 5000)
    for (let i = 1; i < 5000; i++) {
      assert.equal(order.leastRecent, `id${i}`)
      order.delete(`id${i}`)
    }
    assert.equal(order.leastRecent, 'id0')
  })
})
