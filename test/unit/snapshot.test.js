'use strict'

// Whether the data of a session have changed is told as their JSON tells it, by whatever means.

const assert = require('node:assert/strict')
const vm = require('node:vm')
const fc = require('fast-check')
const { areSame, dataOf, snapshot, snapshotAgain } = require('../../dist/session/snapshot.js')

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

/** What JSON says of data, but for the cookie; data with a toJSON of their own are asked. */
const jsonOf = (data) =>
  String(JSON.stringify(typeof data.toJSON === 'function' ? data : { ...data, cookie: undefined }))

/** The same to JSON; of the latter no plain copy can be taken. */
const plain = (data) => ({ ...data, when: new Date(0).toJSON() })
const notPlain = (data) => ({ ...data, when: new Date(0) })

/** As Object.assign, but that no member changes the prototype. */
const give = (object, members) =>
  Object.defineProperties(object, Object.getOwnPropertyDescriptors({ ...members }))

class List extends Array {}
class Point {
  constructor(members) {
    give(this, members)
  }
}
const OtherObject = vm.runInNewContext('Object')
const otherArray = vm.runInNewContext('(...elements) => elements')

/** Makes something of members; JSON looks at some of these as at a plain object or array, at others otherwise. */
const kinds = {
  object: (members) => members,
  'without a prototype': (members) => give(Object.create(null), members),
  'that inherits': (members) => give(Object.create({ a: 'inherited', b: 1 }), members),
  'that inherits a toJSON': (members) => give(Object.create({ toJSON: () => members }), { hidden: 1 }),
  'of a class': (members) => new Point(members),
  'of another realm': (members) => give(new OtherObject(), members),
  'with a constructor of its own': (members) => ({ constructor: Array, ...members, slice() {} }),
  'with getters': (members) => {
    const object = {}
    for (const key of Object.keys(members)) {
      Object.defineProperty(object, key, { get: () => members[key], enumerable: true, configurable: true })
    }
    return object
  },
  'with hidden members': (members) => Object.defineProperty({ ...members }, 'hidden', { value: 1 }),
  'with symbols': (members) => ({ ...members, [Symbol('hidden')]: {} }),
  proxied: (members) => new Proxy(members, {}),
  'with a toJSON': (members) => ({ toJSON: () => members, hidden: 1 }),
  'with data named toJSON': (members) => ({ ...members, toJSON: 'no function' }),
  'with data named __proto__': (members) =>
    Object.defineProperty({}, '__proto__', {
      value: members,
      configurable: true,
      enumerable: true,
      writable: true
    }),
  array: (members) => Object.values(members),
  'array of a subclass': (members) => List.from(Object.values(members)),
  'array of another realm': (members) => otherArray(...Object.values(members)),
  'array with members': (members) => give(Object.values(members), { constructor: Object, slice: 1, x: {} }),
  'array with a slice of its own': (members) => give(Object.values(members), { slice: () => [1] }),
  'array with a toJSON': (members) => give(Object.values(members), { toJSON: () => ({ ...members }) }),
  'array with holes': (members) => [, ...Object.values(members), ,], // eslint-disable-line no-sparse-arrays
  'array proxied': (members) => new Proxy(Object.values(members), {}),
  'array without a prototype': (members) => Object.setPrototypeOf(Object.values(members), null),
  date: (members) => new Date(Object.keys(members).length),
  'date with a toJSON': (members) => give(new Date(0), { toJSON: () => members }),
  map: (members) => new Map(Object.entries(members)),
  text: (members) => new String(Object.keys(members)),
  number: (members) => new Number(Object.keys(members).length)
}

/** Data of all kinds, as a tree of which they can be built as often as one likes. */
const leaf = fc
  .constantFrom('', 'a', 0, -0, 1, NaN, Infinity, true, null, undefined, Symbol('hidden'), () => 'hidden')
  .map((value) => () => value)
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof({ maxDepth: 3, withCrossShrink: true }, leaf, tie('node')),
  node: fc
    .tuple(
      fc.constantFrom('object', 'array', ...Object.keys(kinds)),
      fc.dictionary(fc.constantFrom('a', 'b', '1', 'cookie', 'constructor', '__proto__'), tie('tree'), {
        maxKeys: 3
      })
    )
    .map(([kind, members]) => () => {
      const built = {}
      for (const key of Object.keys(members)) {
        const value = members[key]()
        Object.defineProperty(built, key, { value, configurable: true, enumerable: true, writable: true })
      }
      return kinds[kind](built)
    })
}))

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

  it('tells as the JSON does of objects and arrays of all kinds', () => {
    const isSameAsJson = (data, other) => {
      const isSame = jsonOf(data()) === jsonOf(other())
      const before = snapshot(data())
      assert.equal(areSame(before, snapshot(other())), isSame)
      assert.equal(areSame(before, snapshotAgain(other(), before)), isSame)
      return isSame
    }
    let same = 0
    fc.assert(
      fc.property(tree, tree, fc.constantFrom(...Object.values(kinds)), (one, other, kind) => {
        const data = () => ({ data: one(), more: 1 })
        assert.equal(isSameAsJson(data, data), true)
        if (isSameAsJson(data, () => ({ data: other(), more: 1 }))) same++
        // The same members in another kind of object.
        const inKind = () => ({ data: kind({ a: one() }) })
        if (isSameAsJson(inKind, () => ({ data: { a: one() } }))) same++
        if (isSameAsJson(inKind, () => ({ data: [one()] }))) same++
        assert.equal(isSameAsJson(inKind, inKind), true)
      }),
      { numRuns: 2000 }
    )
    assert.ok(same > 500, `${same}`)
  })

  it('tells as the JSON does of sessions of all kinds', () => {
    fc.assert(
      fc.property(tree, tree, fc.constantFrom(...Object.values(kinds)), (one, other, kind) => {
        const [data, changed] = [one, other].map((value) => () => kind({ cookie: {}, a: value() }))
        const isSame = jsonOf(data()) === jsonOf(changed())
        const before = snapshot(data())
        assert.equal(areSame(before, snapshot(data())), true)
        assert.equal(areSame(before, snapshot(changed())), isSame)
        assert.equal(areSame(before, snapshotAgain(changed(), before)), isSame)
      }),
      { numRuns: 1000 }
    )
  })

  for (const Class of [Object, Array, Date, BigInt]) {
    it(`tells as the JSON does when an app has given a toJSON to each ${Class.name}`, () => {
      const before = Object.getOwnPropertyDescriptor(Class.prototype, 'toJSON')
      const values = [
        { a: 1 },
        { a: { b: 1 } },
        { a: [1] },
        { a: [2] },
        { a: new Date(5) },
        { a: 'the same' }
      ]
      const toJSON = { value: () => 'the same', configurable: true, writable: true }
      if (Class === BigInt) values.push({ a: 1n })
      Object.defineProperty(Class.prototype, 'toJSON', toJSON)
      try {
        for (const one of values) {
          for (const other of values) {
            const isSame = jsonOf(one) === jsonOf(other)
            assert.equal(areSame(snapshot(one), snapshot(other)), isSame)
            assert.equal(areSame(snapshot(one), snapshotAgain(other, snapshot(one))), isSame)
          }
        }
      } finally {
        if (before) Object.defineProperty(Class.prototype, 'toJSON', before)
        else delete Class.prototype.toJSON
      }
    })
  }

  it('gives the data back, but for the cookie', () => {
    fc.assert(
      fc.property(data, (data) => {
        const others = copyOf({ ...data, cookie: undefined })
        for (const one of [plain, notPlain]) assert.deepEqual(dataOf(snapshot(one(data))), plain(others))
      })
    )
  })

  it('that gives the data back gives a copy of them', () => {
    const data = { list: [1] }
    const before = snapshot(data)
    dataOf(before).list.push(2)
    data.list.push(3)
    assert.deepEqual(dataOf(before), { list: [1] })
  })

  it('is that of nothing in none, and never the same as none', () => {
    assert.equal(areSame(undefined, snapshot({})), false)
    assert.equal(areSame(undefined, snapshot({ toJSON() {} })), false)
    assert.equal(areSame(snapshotAgain({ a: 1 }, undefined), snapshot({ a: 1 })), true)
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
    assert.throws(() => snapshot(circular), /circular|cyclic/)
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
