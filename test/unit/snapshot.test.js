'use strict'

// Whether the data of a session have changed is told as their JSON tells it, by whatever means.

const assert = require('node:assert/strict')
const fc = require('fast-check')
const { areSame, snapshot, snapshotAgain } = require('../../dist/snapshot')

const data = fc.dictionary(fc.string(), fc.jsonValue())

/** What JSON knows nothing of, or says differently. */
const anything = fc.dictionary(
  fc.constantFrom('a', 'b', 'cookie', 'toJSON'),
  fc.anything({
    withDate: true,
    withNullPrototype: true,
    withSparseArray: true,
    withMap: true,
    withSet: true
  })
)

/** What JSON says of data, but for the cookie. */
const jsonOf = (data) => JSON.stringify({ ...data, cookie: undefined })

/** The same to JSON; of the latter no plain copy can be taken. */
const plain = (data) => ({ ...data, when: new Date(0).toJSON() })
const notPlain = (data) => ({ ...data, when: new Date(0) })

const copyOf = (value) => JSON.parse(JSON.stringify(value))

/** The same data, with one thing changed somewhere, or nothing. */
function changed(value, path) {
  if (typeof value !== 'object' || value === null) return path % 2 ? value : 'changed'
  const keys = Object.keys(value)
  if (keys.length === 0) return Array.isArray(value) ? [null] : { added: null }
  const key = keys[path % keys.length]
  const copy = Array.isArray(value) ? [...value] : { ...value }
  Object.defineProperty(copy, key, {
    value: changed(value[key], Math.floor(path / keys.length)),
    configurable: true,
    enumerable: true,
    writable: true
  })
  return copy
}

describe("a snapshot of a session's data", () => {
  it('is the same as another one if and only if the JSON of the data is', () => {
    fc.assert(
      fc.property(data, fc.nat(), (data, path) => {
        const other = changed(copyOf(data), path)
        const same = jsonOf(data) === jsonOf(other)
        for (const one of [plain, notPlain]) {
          for (const two of [plain, notPlain]) {
            const before = snapshot(one(data))
            assert.equal(areSame(before, snapshot(two(other))), same)
            assert.equal(areSame(before, snapshotAgain(two(other), before)), same)
          }
        }
      })
    )
  })

  it('tells as the JSON does of whatever else there is', () => {
    const jsonIfAny = (value) => {
      try {
        return jsonOf(value)
      } catch {
        return undefined
      }
    }
    fc.assert(
      fc.property(anything, anything, (data, other) => {
        const [one, two] = [jsonIfAny(data), jsonIfAny(other)]
        if (one === undefined) assert.throws(() => snapshot(data))
        else if (two === undefined) assert.throws(() => snapshotAgain(other, snapshot(data)))
        else assert.equal(areSame(snapshot(data), snapshotAgain(other, snapshot(data))), one === two)
      })
    )
  })

  it('is the same one again as long as nothing has changed', () => {
    fc.assert(
      fc.property(data, (data) => {
        const before = snapshot(data)
        assert.equal(snapshotAgain(copyOf(data), before), before)
        assert.equal(
          snapshotAgain({ ...copyOf({ ...data, cookie: undefined }), cookie: 'another' }, before),
          before
        )
      })
    )
  })

  it('is a copy: what happens to the data afterwards does not change it', () => {
    const data = { list: [{ deep: [1, 2] }] }
    const before = snapshot(data)
    data.list[0].deep.push(3)
    assert.notEqual(snapshotAgain(data, before), before)
    assert.equal(areSame(before, snapshot({ list: [{ deep: [1, 2] }] })), true)
  })

  it('says of data without JSON what JSON.stringify says', () => {
    const circular = { list: [] }
    circular.list.push(circular)
    assert.throws(() => snapshot(circular), /circular/)
    assert.throws(() => snapshotAgain({ a: 1n }, snapshot({ a: 1 })), /BigInt/)
  })

  it('takes data of any depth', () => {
    let deep = {}
    for (let i = 0; i < 1000; i++) deep = { deep: [deep] }
    assert.equal(areSame(snapshot({ deep }), snapshot(copyOf({ deep }))), true)
  })

  it('is not deceived by what an app has given to all objects', () => {
    const prototype = Object.prototype
    const taken = snapshot({ a: 1 })
    prototype.inherited = { from: 'all' }
    try {
      const before = snapshot({ a: 1 })
      assert.equal(areSame(before, snapshotAgain({ a: 1 }, before)), true)
      assert.equal(areSame(before, snapshotAgain({ a: 2 }, before)), false)
      assert.equal(areSame(taken, before), true)
    } finally {
      delete prototype.inherited
    }
  })
})
