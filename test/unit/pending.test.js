'use strict'

// Who waits for a request's calls to the store goes on once, as soon as the last of them has been answered.

const assert = require('node:assert/strict')
const { Pending } = require('../../dist/request/pending.js')

describe('what is pending', () => {
  it('is nothing at first, and whoever waits goes on at once', () => {
    const pending = new Pending()
    const order = ['before']
    assert.equal(pending.isIdle, true)
    pending.whenIdle(() => order.push('goes on'))
    order.push('after')
    assert.deepEqual(order, ['before', 'goes on', 'after'])
  })

  it('is over with the last answer', () => {
    const pending = new Pending()
    let times = 0
    pending.begin()
    pending.begin()
    pending.whenIdle(() => times++)
    pending.end()
    assert.deepEqual([pending.isIdle, times], [false, 0])
    pending.end()
    assert.deepEqual([pending.isIdle, times], [true, 1])
  })

  it('lets go on once, also when there is more to wait for later', () => {
    const pending = new Pending()
    let times = 0
    pending.begin()
    pending.whenIdle(() => times++)
    pending.end()
    pending.begin()
    pending.end()
    assert.equal(times, 1)
  })

  it('lets who goes on ask the store again', () => {
    const pending = new Pending()
    const order = []
    pending.begin()
    pending.whenIdle(() => {
      order.push(pending.isIdle)
      pending.begin()
      pending.whenIdle(() => order.push('second'))
    })
    pending.end()
    assert.deepEqual([order, pending.isIdle], [[true], false])
    pending.end()
    assert.deepEqual(order, [true, 'second'])
  })
})
