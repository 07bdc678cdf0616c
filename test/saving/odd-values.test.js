'use strict'

// Whatever objects an app puts into a session, they are stored as JSON.stringify says, and a change in them is noticed.

const assert = require('node:assert/strict')
const vm = require('node:vm')
const { JsonStore, closeAll, serve, session } = require('../support/harness')

class Tags extends Array {
  add(tag) {
    this.push(tag)
  }
}

class Money {
  constructor(amount) {
    this.amount = amount
  }
  toJSON(key) {
    return `${key}: ${this.amount}`
  }
}

class Inherited extends Money {}

class Day extends Date {
  toJSON() {
    return this.toISOString().slice(0, 10)
  }
}

const own = (object, properties) => Object.assign(object, properties)
const withPrototype = (object, prototype) => Object.setPrototypeOf(object, prototype)
const push = (list) => Array.prototype.push.call(list, 'new')

/** Another realm, as `node:vm`, jest and frames have them. */
const realm = vm.createContext()
const foreign = (code) => vm.runInContext(code, realm)

/** What an app may put into a session: how it is made, and how it is changed in place. */
const values = {
  'an array without a prototype': [() => withPrototype(['a'], null), push],
  'an array with the prototype of an object': [() => withPrototype(['a'], Object.prototype), push],
  'an array whose prototype has numbers': [() => withPrototype(['a'], { 5: 'inherited' }), push],
  'an object with the prototype of an array': [() => Object.create(Array.prototype), (o) => (o.a = 1)],
  'an object without a prototype': [() => own(Object.create(null), { a: 1 }), (o) => (o.a = 2)],
  'an object with inherited data': [() => own(Object.create({ a: 1 }), { b: 1 }), (o) => (o.a = 2)],
  'an array with a constructor of its own': [() => own(['a'], { constructor: Object }), push],
  'an array with a constructor that is text': [() => own(['a'], { constructor: 'Array' }), push],
  'an array with a slice of its own': [() => own(['a'], { slice: () => ['lies'] }), push],
  'an array with a map of its own': [() => own(['a'], { map: () => ['lies'], length: 1 }), push],
  'an array with an iterator of its own': [
    () => own(['a'], { *[Symbol.iterator]() {} }),
    (list) => (list[0] = 'b')
  ],
  'an array with names of its own': [() => own(['a'], { name: 'mine' }), push],
  'an object with a constructor of its own': [() => ({ constructor: Array, a: 1 }), (o) => (o.a = 2)],
  'an object with a constructor that is data': [
    () => ({ constructor: { name: 'Ferrari' } }),
    (o) => (o.constructor.name = 'Lotus')
  ],
  'an object with a length and a slice': [
    () => ({ length: 1, 0: 'a', slice: 'of cake' }),
    (o) => (o.slice = 'of bread')
  ],
  'an object with a hasOwnProperty of its own': [() => ({ hasOwnProperty: 'text', a: 1 }), (o) => (o.a = 2)],
  'a subclass of Array': [() => Tags.of('a', 'b'), (tags) => tags.add('c')],
  'a subclass of Array, changed in its middle': [() => Tags.of('a', 'b'), (tags) => (tags[0] = 'c')],
  'an array with holes': [() => [, 1, , 2], (list) => (list[0] = 'a')], // eslint-disable-line no-sparse-arrays
  'an array that gets shorter': [() => [1, 2, 3], (list) => (list.length = 1)],
  'a Date': [() => new Date(0), (date) => date.setTime(1)],
  'a Date that is none': [() => new Date(NaN), (date) => date.setTime(1)],
  'a Date with a toJSON of its own': [
    () => {
      const date = new Date(0)
      date.toJSON = function () {
        return this.getTime()
      }
      return date
    },
    (date) => date.setTime(1)
  ],
  'a Date with a toISOString of its own': [
    () => own(new Date(0), { toISOString: () => 'then' }),
    (date) => (date.toISOString = () => 'now')
  ],
  'a subclass of Date': [() => new Day(0), (day) => day.setTime(24 * 60 * 60 * 1000)],
  'a Date without a prototype': [() => withPrototype(new Date(0), null), (date) => (date.a = 1)],
  'an object that is written by its toJSON': [() => new Money(5), (money) => (money.amount = 6)],
  'an object that inherits its toJSON': [() => new Inherited(5), (money) => (money.amount = 6)],
  'an array with a toJSON': [
    () => own(['a'], { toJSON: () => 'text' }),
    (list) => (list.toJSON = () => 'other text')
  ],
  'an object with a toJSON that is data': [() => ({ toJSON: 'text', a: 1 }), (o) => (o.a = 2)],
  'an object with a getter': [
    () => {
      let count = 0
      return {
        get count() {
          return count
        },
        set count(value) {
          count = value
        }
      }
    },
    (o) => (o.count = 1)
  ],
  'text in an object': [() => own(new String('text'), {}), undefined],
  'a number in an object': [() => new Number(5), undefined],
  'a boolean in an object': [() => new Boolean(false), undefined],
  'a Map': [() => own(new Map([[1, 2]]), { a: 1 }), (map) => (map.a = 2)],
  'a Buffer': [() => Buffer.from('abc'), (bytes) => bytes.write('x')],
  'a typed array': [() => Uint8Array.of(1, 2), (bytes) => (bytes[0] = 5)],
  'numbers that JSON does not know': [
    () => ({ a: NaN, b: Infinity, c: -0, d: undefined, e: () => {}, f: Symbol('f') }),
    (o) => (o.a = 0)
  ],
  'an error': [() => own(new Error('failed'), { code: 'E1' }), (error) => (error.code = 'E2')],
  'a Proxy of an array': [() => new Proxy(['a'], {}), push],
  'a Proxy of an object': [() => new Proxy({ a: 1 }, {}), (o) => (o.a = 2)],
  'a frozen object around one that is not': [
    () => Object.freeze({ inner: { a: 1 } }),
    (o) => (o.inner.a = 2)
  ],
  'a key named cookie': [() => ({ cookie: { a: 1 } }), (o) => (o.cookie.a = 2)],
  'a key named __proto__': [
    () => JSON.parse('{"__proto__":{"a":1}}'),
    (o) => Object.defineProperty(o, '__proto__', { value: { a: 2 }, enumerable: true })
  ],
  arguments: [
    () =>
      (function () {
        return arguments
      })('a'),
    (list) => (list[0] = 'b')
  ],
  'an array of another realm': [() => foreign('["a"]'), push],
  'an object of another realm': [() => foreign('({ a: { b: 1 } })'), (o) => (o.a.b = 2)],
  'a Date of another realm': [() => foreign('new Date(0)'), (date) => date.setTime(1)],
  'text in an object of another realm': [() => foreign('new String("text")'), undefined],
  'a subclass of Array of another realm': [() => foreign('(class List extends Array {}).of("a")'), push],
  'an object with a toJSON of another realm': [
    () => foreign('({ a: 1, toJSON() { return [this.a] } })'),
    (o) => (o.a = 2)
  ]
}

/** What JSON says of a value that stands under a name. */
const jsonOf = (value) => JSON.stringify({ value })

/** The JSON of the session's data in a store. */
function dataOf(store) {
  const data = JSON.parse(store.sessions.id1)
  delete data.cookie
  return JSON.stringify(data)
}

const saving = (session) =>
  new Promise((resolve, reject) => session.save((error) => (error ? reject(error) : resolve())))

/** A store that hands out objects as they are, as stores of documents do. */
class ObjectStore extends session.Store {
  calls = []

  constructor(make) {
    super()
    this.make = make
  }

  get(sid, callback) {
    setImmediate(callback, null, {
      cookie: { originalMaxAge: null, expires: null, path: '/', httpOnly: true },
      value: this.make()
    })
  }

  set(sid, data, callback) {
    this.calls.push('set')
    this.last = JSON.stringify({ value: data.value })
    setImmediate(callback)
  }

  touch(sid, data, callback) {
    this.calls.push('touch')
    setImmediate(callback)
  }

  destroy(sid, callback) {
    setImmediate(callback)
  }
}

/** A logged-in visit to a handler, with a store that hands out objects; gives what the store was asked. */
async function callsFor(make, handler) {
  const store = new ObjectStore(make)
  const { visit, errors } = await serve({ store }, async (req, res) => {
    if (req.path === '/login') req.session.user = 'ada'
    else await handler(req.session)
    res.end()
  })
  const { cookie } = await visit({ path: '/login' })
  store.calls.length = 0
  assert.equal((await visit({ cookie })).end, 'complete')
  assert.deepEqual(errors, [])
  return { calls: store.calls, last: store.last }
}

describe('in a session', () => {
  afterEach(closeAll)

  for (const [name, [make, change]] of Object.entries(values)) {
    describe(name, () => {
      for (const [kind, makeStore] of Object.entries({
        'a MemoryStore': () => new session.MemoryStore(),
        'another store': () => new JsonStore()
      })) {
        it(`is stored as JSON.stringify says, in ${kind}`, async () => {
          const store = makeStore()
          const { visit, errors } = await serve({ store }, (req, res) => {
            req.session.value = make()
            res.end()
          })
          const { cookie } = await visit()
          assert.equal(dataOf(store), jsonOf(make()))
          await visit({ cookie })
          assert.equal(dataOf(store), jsonOf(make()))
          assert.deepEqual(errors, [])
        })

        if (!change) continue
        it(`is stored again when it changes after a save, in ${kind}`, async () => {
          const store = makeStore()
          const value = make()
          const { visit } = await serve({ store }, async (req, res) => {
            req.session.value = value
            await saving(req.session)
            change(value)
            res.end()
          })
          await visit()
          assert.equal(dataOf(store), jsonOf(value))
        })
      }

      it('is only touched when nothing changes', async () => {
        assert.deepEqual((await callsFor(make, () => {})).calls, ['touch'])
      })

      it('is only touched when it is replaced by one that says the same', async () => {
        const { calls } = await callsFor(make, (session) => (session.value = make()))
        assert.deepEqual(calls, ['touch'])
      })

      if (!change) return
      it('is stored when it changes', async () => {
        const changed = make()
        change(changed)
        const isSeen = jsonOf(changed) !== jsonOf(make())
        const { calls, last } = await callsFor(make, ({ value }) => change(value))
        assert.deepEqual(calls, [isSeen ? 'set' : 'touch'])
        if (isSeen) assert.equal(last, jsonOf(changed))
      })

      it('is stored when it changes deep inside', async () => {
        const around = () => ({ list: [{ deep: make() }] })
        const changed = make()
        change(changed)
        const isSeen = JSON.stringify({ deep: changed }) !== JSON.stringify({ deep: make() })
        const { calls } = await callsFor(around, ({ value }) => change(value.list[0].deep))
        assert.deepEqual(calls, [isSeen ? 'set' : 'touch'])
      })
    })
  }
})
