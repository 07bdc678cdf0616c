'use strict'

// What a process remembers of renewed ids has its bounds, and goes by the clock.

const assert = require('node:assert/strict')
const { RenewedIds } = require('../../dist/storage/renewed-ids')
const { until } = require('../support/harness')

const later = () => Date.now() + 60_000

describe('the renewed ids of a process', () => {
  it('tell where an id leads, until it is that of a new session', () => {
    const ids = new RenewedIds()
    assert.equal(ids.has('old'), false)
    ids.lead('old', { to: 'new', until: later() }, () => {})
    assert.equal(ids.has('old'), true)
    assert.equal(ids.get('old').to, 'new')
    ids.forget('old')
    assert.equal(ids.get('old'), undefined)
    ids.forget('old')
  })

  it('are forgotten at the end, and somebody is told', async () => {
    const ids = new RenewedIds()
    let isOver = false
    ids.lead('old', { to: 'new', until: Date.now() + 5 }, () => (isOver = true))
    // A second renewal of the same id takes the place of the first one.
    ids.lead('twice', { to: 'new', until: Date.now() + 1 }, assert.fail)
    ids.lead('twice', { to: 'newer', until: later() }, () => {})
    await until(() => isOver)
    assert.equal(ids.has('old'), false)
    assert.equal(ids.get('twice').to, 'newer')
  })

  it('wait on when the clock was set back', async () => {
    const { now } = Date
    const start = now()
    const ids = new RenewedIds()
    let looked = 0
    let isOver = false
    try {
      ids.lead('old', { to: 'new', until: start + 2 }, () => (isOver = true))
      Date.now = () => {
        looked += 1
        return start - 5
      }
      await until(() => looked >= 2)
      assert.equal(isOver, false)
    } finally {
      Date.now = now
    }
    await until(() => isOver)
  })

  it('are bounded: the earliest go first', () => {
    const ids = new RenewedIds()
    const id = (number) => String(number).padStart(2000, '-')
    for (let i = 0; i < 3000; i++) ids.lead(id(i), { to: id(-i), until: later() }, () => {})
    const kept = Array.from({ length: 3000 }, (_, i) => ids.has(id(i)))
    assert.equal(kept[0], false)
    assert.equal(kept[2999], true)
    assert.ok(kept.filter(Boolean).length < 1000)
    for (let i = 0; i < 3000; i++) ids.forget(id(i))
  })

  it('have others wait while one is being renewed, and go on in their order', () => {
    const ids = new RenewedIds()
    const seen = []
    ids.underWay.whenSettled('old', () => seen.push('at once'))
    ids.underWay.begin('old')
    assert.equal(ids.underWay.has('old'), true)
    ids.underWay.whenSettled('old', () => seen.push('first'))
    ids.underWay.whenSettled('old', () => seen.push('second'))
    assert.deepEqual(seen, ['at once'])
    ids.underWay.settle('old')
    ids.underWay.settle('old')
    assert.deepEqual(seen, ['at once', 'first', 'second'])
    assert.equal(ids.has('old'), false)
  })

  it('have them wait on where one of them renews it again', () => {
    const ids = new RenewedIds()
    const seen = []
    ids.underWay.begin('old')
    ids.underWay.whenSettled('old', () => ids.underWay.begin('old'))
    ids.underWay.whenSettled('old', () => seen.push('second'))
    ids.underWay.settle('old')
    assert.deepEqual(seen, [])
    // To be told of it twice changes nothing.
    ids.underWay.begin('old')
    ids.underWay.settle('old')
    assert.deepEqual(seen, ['second'])
  })

  it('let those go on whose renewal is one of too many that the store never answers', () => {
    const ids = new RenewedIds()
    let isFree = false
    ids.underWay.begin('first')
    ids.underWay.whenSettled('first', () => (isFree = true))
    for (let i = 0; i < 5000; i++) ids.underWay.begin(`id${i}`)
    assert.equal(isFree, true)
    assert.equal(ids.underWay.has('id4999'), true)
  })
})
