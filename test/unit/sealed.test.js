'use strict'

// What is changed by a store's own `update` is opened before and sealed after, and what is thrown on the way is an answer.

const assert = require('node:assert/strict')
const { MemoryStore } = require('express-session')
const { readSealingKeys } = require('../../dist/session/sealing-keys')
const { storageFor } = require('../../dist/storage/storage')

const keys = (letter) => readSealingKeys(Buffer.alloc(32, letter))
const SESSION = { cookie: { originalMaxAge: null, path: '/' }, __session: { createdAt: 5 }, n: 1 }

function storageOf(store, encryption = keys('a')) {
  const codes = []
  const storage = storageFor(store, { encryption }, { warnings: { warnOnce: (code) => codes.push(code) } })
  const ask = (method, ...args) =>
    new Promise((resolve, reject) => {
      storage[method](...args, (error, result) => (error ? reject(error) : resolve(result)))
    })
  return { ask, storage, codes }
}

describe('update of a sealed storage', () => {
  it('gives what is stored as it was saved, and seals what comes back', async () => {
    const store = new MemoryStore()
    const { ask } = storageOf(store)
    await ask('save', 'id', SESSION)
    await ask('update', 'id', (stored) => {
      assert.deepEqual(stored, SESSION)
      return { ...stored, n: 2 }
    })
    const record = JSON.parse(store.sessions.id)
    assert.deepEqual(Object.keys(record), ['cookie', '__session', 'sealed'])
    assert.deepEqual(await ask('load', 'id'), { ...SESSION, n: 2 })
  })

  it('leaves all as it is for undefined', async () => {
    const store = new MemoryStore()
    const { ask } = storageOf(store)
    await ask('save', 'id', SESSION)
    const before = store.sessions.id
    await ask('update', 'id', () => undefined)
    assert.equal(store.sessions.id, before)
  })

  it('gives nothing where no key opens what is stored, and says so', async () => {
    const store = new MemoryStore()
    await storageOf(store).ask('save', 'id', SESSION)
    const { ask, codes } = storageOf(store, keys('b'))
    await ask('update', 'id', (stored) => assert.equal(stored, undefined))
    assert.deepEqual(codes, ['EXPRESS_SESSION_CANNOT_BE_OPENED'])
  })

  for (const [title, change] of [
    ['the change throws', () => assert.fail('no change')],
    ['JSON cannot hold what it gives', (stored) => ({ ...stored, n: 1n })]
  ]) {
    it(`answers with an error, and throws nothing at the store, where ${title}`, async () => {
      const store = new MemoryStore()
      const { ask, storage } = storageOf(store)
      await ask('save', 'id', SESSION)
      const before = store.sessions.id
      await assert.rejects(ask('update', 'id', change), /no change|BigInt/)
      assert.doesNotThrow(() => storage.update('id', change, () => {}))
      assert.equal(store.sessions.id, before)
    })
  }

  it('is not there where the store has none', () => {
    assert.equal(storageOf({ get() {}, set() {}, destroy() {} }).storage.update, undefined)
  })

  it('hands on what an odd object throws when it is read', async () => {
    const odd = Object.defineProperty({ cookie: {} }, 'sealed', {
      get() {
        throw new Error('not to be read')
      }
    })
    const { ask } = storageOf({ get: (sid, callback) => callback(null, odd) })
    await assert.rejects(ask('load', 'id'), /not to be read/)
  })
})
