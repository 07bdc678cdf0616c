'use strict'

const assert = require('node:assert/strict')
const fc = require('fast-check')
const session = require('express-session')
const request = require('supertest')
const { fingerprint } = require('../dist/fingerprint')
const { areSame, snapshot, snapshotAgain } = require('../dist/snapshot')
const { appWith, sentBack } = require('./support/app')

// Whether data have changed must be told as their JSON tells it, by whatever means.

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

/** Serves two requests with the same session from a store; gives what was asked of the store in the second. */
async function secondRequest(stored, handler) {
  const calls = []
  class Foreign extends session.Store {
    get(sid, callback) {
      setImmediate(callback, null, stored)
    }
    set(sid, data, callback) {
      calls.push('set')
      setImmediate(callback)
    }
    touch(sid, data, callback) {
      calls.push('touch')
      setImmediate(callback)
    }
    destroy(sid, callback) {
      setImmediate(callback)
    }
  }
  const app = appWith({ store: new Foreign() }, (req, res) => {
    if (req.url === '/login') req.session.user = 'ada'
    else handler(req.session)
    res.end()
  })
  const cookie = sentBack(await request(app).get('/login'))
  calls.length = 0
  const { status } = await request(app).get('/').set('Cookie', cookie)
  return status === 200 ? calls : status
}

const withCookie = (data) => ({ cookie: { originalMaxAge: null, expires: null }, ...data })

describe("a snapshot of a session's data", () => {
  it('is the same as another one if and only if the JSON of the data is', () => {
    fc.assert(
      fc.property(data, fc.nat(), (data, path) => {
        const other = changed(copyOf(data), path)
        const same = fingerprint(data) === fingerprint(other)
        for (const one of [snapshot(data), fingerprint(data)]) {
          for (const two of [snapshot(other), fingerprint(other), snapshotAgain(other, one)]) {
            assert.equal(areSame(one, two), same)
          }
        }
      })
    )
  })

  it('tells as the JSON does of whatever else there is', () => {
    const fingerprintOf = (value) => {
      try {
        return fingerprint(value)
      } catch {
        return undefined
      }
    }
    fc.assert(
      fc.property(anything, anything, (data, other) => {
        const [one, two] = [fingerprintOf(data), fingerprintOf(other)]
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
    prototype.inherited = { from: 'all' }
    try {
      const before = snapshot({ a: 1 })
      assert.equal(areSame(before, snapshotAgain({ a: 1 }, before)), true)
      assert.equal(areSame(before, snapshotAgain({ a: 2 }, before)), false)
      assert.equal(areSame(before, '"a":1}'), true)
    } finally {
      delete prototype.inherited
    }
  })
})

describe("a session of another's store", () => {
  const plain = () =>
    withCookie({ user: { name: 'ada', roles: ['author'] }, since: '2026-01-01T00:00:00.000Z' })

  const unchanged = {
    'is only read': () => undefined,
    'gets the same values': (session) => {
      session.user = { name: 'ada', roles: ['author'] }
    },
    'gets a Date with the same JSON': (session) => {
      session.since = new Date(session.since)
    },
    'gets a property that JSON leaves out': (session) => {
      session.nothing = undefined
    },
    'gets another cookie': (session) => {
      session.cookie = new session.cookie.constructor(session.cookie)
    }
  }
  for (const [what, handler] of Object.entries(unchanged)) {
    it(`is touched when it ${what}`, async () => {
      assert.deepEqual(await secondRequest(plain(), handler), ['touch'])
    })
  }

  const changes = {
    'a value changes deep inside': (session) => session.user.roles.push('editor'),
    'a property goes': (session) => delete session.user.name,
    'its keys change places': (session) => {
      const { user } = session
      delete session.user
      session.user = user
    },
    'a number becomes text': (session) => (session.user.roles[0] = 1),
    'a Date comes to be': (session) => (session.since = new Date())
  }
  for (const [what, handler] of Object.entries(changes)) {
    it(`is saved when ${what}`, async () => {
      assert.deepEqual(await secondRequest(plain(), handler), ['set'])
    })
  }

  it('is compared with what the store gave, though the store hands out its own objects', async () => {
    const stored = plain()
    assert.deepEqual(await secondRequest(stored, ({ user }) => user.roles.push('editor')), ['set'])
  })

  it('is touched when it is read and has data that are not plain', async () => {
    const stored = withCookie({ since: new Date(0), tags: new Map([[1, 2]]) })
    assert.deepEqual(await secondRequest(stored, ({ since }) => since.getTime()), ['touch'])
  })
})
