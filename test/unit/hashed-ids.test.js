'use strict'

// The storage that knows sessions by their keys: what it asks of the one within.

const assert = require('node:assert/strict')
const { MemoryStore, hashSessionId } = require('express-session')
const { StoreKeys } = require('../../dist/session/hashed-id')
const { EndedSessions } = require('../../dist/storage/ended-sessions')
const { storageFor } = require('../../dist/storage/storage')

const key = hashSessionId('id')
const record = (more) => JSON.stringify({ cookie: { originalMaxAge: null, expires: null }, ...more })

const storageOf = (store) => storageFor(store, {}, new EndedSessions(), new StoreKeys())
const answerOf = (call) =>
  new Promise((resolve, reject) => call((error, result) => (error ? reject(error) : resolve(result))))

describe('the storage of hashed ids', () => {
  it('updates by the key, and shows nothing of a move', async () => {
    const store = new MemoryStore()
    store.sessions[key] = record({ __session: { moved: true, other: 1 }, user: 'ada' })
    const seen = []
    await answerOf((callback) =>
      storageOf(store).update(
        'id',
        (stored) => {
          seen.push(stored.user, stored.__session)
          return { ...stored, user: 'grace' }
        },
        callback
      )
    )
    assert.deepEqual(seen, ['ada', { other: 1 }])
    assert.deepEqual(Object.keys(store.sessions), [key])
    assert.equal(JSON.parse(store.sessions[key]).user, 'grace')
  })

  it('has no update where the store has none', () => {
    const store = new MemoryStore()
    store.update = undefined
    assert.equal(storageOf(store).update, undefined)
  })

  it('leaves what another process has moved, and changed, meanwhile', async () => {
    const store = new MemoryStore()
    store.sessions.id = record({ user: 'ada' })
    const { get } = store
    store.get = function (sid, callback) {
      get.call(this, sid, (error, found) => {
        // The other one is done when this one has found the plain record.
        if (sid === 'id') store.sessions[key] = record({ user: 'grace' })
        callback(error, found)
      })
    }
    const found = await answerOf((callback) => storageOf(store).load('id', callback))
    assert.equal(found.user, 'grace')
  })

  it('finds what another process has moved while it looked for it', async () => {
    const store = new MemoryStore()
    store.sessions.id = record({ user: 'ada' })
    const { get } = store
    store.get = function (sid, callback) {
      if (sid === 'id') {
        store.sessions[key] = store.sessions.id
        delete store.sessions.id
      }
      get.call(this, sid, callback)
    }
    const found = await answerOf((callback) => storageOf(store).load('id', callback))
    assert.equal(found.user, 'ada')
  })

  it('destroys a plain record that a crash has left once, and not with each load', async () => {
    const store = new MemoryStore()
    store.sessions[key] = record({ __session: { moved: true }, user: 'ada' })
    store.sessions.id = record({ user: 'ada' })
    const destroyed = []
    const { destroy } = store
    store.destroy = function (sid, callback) {
      destroyed.push(sid)
      destroy.call(this, sid, callback)
    }
    for (let i = 0; i < 3; i++) {
      const found = await answerOf((callback) => storageOf(store).load('id', callback))
      assert.deepEqual([found.user, found.__session], ['ada', undefined])
    }
    assert.deepEqual(destroyed, ['id'])
  })

  it('lets thousands be moved at the same time', async () => {
    const store = new MemoryStore()
    const ids = Array.from({ length: 5000 }, (_, i) => `id${i}`)
    for (const id of ids) store.sessions[id] = record({ user: id })
    const storage = storageOf(store)
    const found = await Promise.all(ids.map((id) => answerOf((callback) => storage.load(id, callback))))
    assert.deepEqual(
      found.map(({ user }) => user),
      ids
    )
    assert.deepEqual(
      Object.keys(store.sessions).filter((sid) => !sid.startsWith('sha256-')),
      []
    )
  })
})
