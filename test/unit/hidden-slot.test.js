'use strict'

// A slot keeps one value on any object, where nobody but its maker sees it, and for as long as that object lives.

const assert = require('node:assert/strict')
const { inspect } = require('node:util')
const vm = require('node:vm')
const { hiddenSlot } = require('../../dist/support/hidden-slot.js')
const { collectGarbage } = require('../support/engine')
const { until } = require('../support/harness')

const objects = {
  'an object': () => ({ a: 1 }),
  'one without a prototype': () => Object.create(null),
  'an array': () => [1],
  'a function': () => () => {},
  'a Map': () => new Map(),
  'a proxy': () => new Proxy({}, {}),
  'a proxy that refuses everything': () => {
    const refuse = () => {
      throw new Error('refused')
    }
    return new Proxy({}, { get: refuse, set: refuse, has: refuse, defineProperty: refuse, ownKeys: refuse })
  },
  'an object of another realm': () => vm.runInNewContext('({})')
}

describe('a hidden slot', () => {
  for (const [name, make] of Object.entries(objects)) {
    it(`keeps a value on ${name}`, () => {
      const slot = hiddenSlot()
      const object = make()
      assert.equal(slot.get(object), undefined)
      assert.equal(slot.isOn(object), false)
      slot.set(object, 'value')
      assert.equal(slot.get(object), 'value')
      slot.set(object, 'another')
      assert.equal(slot.get(object), 'another')
      assert.equal(slot.isOn(object), true)
    })
  }

  it('tells undefined that was put there from nothing', () => {
    const slot = hiddenSlot()
    const object = {}
    slot.set(object, undefined)
    assert.deepEqual([slot.isOn(object), slot.get(object)], [true, undefined])
  })

  it('shows nowhere', () => {
    const slot = hiddenSlot()
    const object = { a: 1 }
    const { constructor } = object
    slot.set(object, 'value')
    assert.deepEqual(Reflect.ownKeys(object), ['a'])
    assert.equal(JSON.stringify(object), '{"a":1}')
    assert.equal(inspect(object, { showHidden: true }), '{ a: 1 }')
    assert.deepEqual(object, { a: 1 })
    assert.equal(Object.getPrototypeOf(object), Object.prototype)
    assert.equal(object.constructor, constructor)
  })

  it('is one of many on an object', () => {
    const [one, other] = [hiddenSlot(), hiddenSlot()]
    const object = {}
    one.set(object, 'one')
    assert.equal(other.isOn(object), false)
    other.set(object, 'other')
    assert.deepEqual([one.get(object), other.get(object)], ['one', 'other'])
  })

  it('is on one object: not on its copies, nor on what inherits from it, nor on what a proxy stands for', () => {
    const slot = hiddenSlot()
    const object = { a: 1 }
    slot.set(object, 'value')
    for (const other of [
      { ...object },
      structuredClone(object),
      Object.create(object),
      new Proxy(object, {})
    ]) {
      assert.equal(slot.isOn(other), false)
    }
    const target = {}
    const proxy = new Proxy(target, {})
    slot.set(proxy, 'value')
    assert.equal(slot.isOn(target), false)
  })

  it('stays when the prototype of its object is replaced', () => {
    const slot = hiddenSlot()
    const object = {}
    slot.set(object, 'value')
    Object.setPrototypeOf(object, Array.prototype)
    assert.equal(slot.get(object), 'value')
  })

  it('goes when its object goes', async () => {
    const slot = hiddenSlot()
    const put = () => {
      const value = {}
      slot.set({}, value)
      return new WeakRef(value)
    }
    const value = put()
    await until(() => {
      collectGarbage()
      return value.deref() === undefined
    })
  })
})
