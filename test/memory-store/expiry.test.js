'use strict'

// A MemoryStore gives no expired session, and removes those that have expired while others are stored. (forgetting.test.js has
// what it does by itself.)

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const { promisify } = require('node:util')
const { atTime, packageName, pause, session } = require('../support/harness')

const { Cookie, MemoryStore } = session
const sessionFor = (maxAge, data = { user: 'ada' }) => ({ cookie: new Cookie({ maxAge }), ...data })
const call = (store, method, ...args) => promisify(store[method]).call(store, ...args)

describe('the expiry of a MemoryStore', () => {
  it('removes expired sessions while others are stored', () => {
    const store = new MemoryStore()
    for (let i = 0; i < 20; i++) store.set('old' + i, sessionFor(1000))
    atTime(Date.now() + 60000, () => {
      for (let i = 0; i < 5; i++) store.set('new' + i, sessionFor(60000))
    })
    assert.deepEqual(Object.keys(store.sessions).sort(), ['new0', 'new1', 'new2', 'new3', 'new4'])
  })

  it('removes a bounded number of sessions in one go', () => {
    const store = new MemoryStore()
    for (let i = 0; i < 100; i++) store.set('old' + i, sessionFor(1000))
    atTime(Date.now() + 60000, () => store.set('new', sessionFor(60000)))
    const left = Object.keys(store.sessions).length
    assert.ok(left > 50 && left < 101, `${left} are left`)
  })

  it('does not count, list or give the expired', async () => {
    const store = new MemoryStore()
    store.set('short', sessionFor(5))
    store.set('long', sessionFor(60000))
    await pause(20)
    assert.equal(await call(store, 'length'), 1)
    assert.deepEqual(Object.keys(await call(store, 'all')), ['long'])
    assert.equal(await call(store, 'get', 'short'), undefined)
  })

  it('keeps a session that is touched', async () => {
    const store = new MemoryStore()
    const now = Date.now()
    store.set('id', sessionFor(1000))
    for (let i = 1; i < 5; i++) atTime(now + i * 800, () => store.touch('id', sessionFor(1000)))
    const found = await atTime(now + 4000, () => call(store, 'get', 'id'))
    assert.equal(found.user, 'ada')
  })

  it('does not bring back by a touch what has expired', async () => {
    const store = new MemoryStore()
    store.set('sid', sessionFor(1000))
    atTime(Date.now() + 2000, () => store.touch('sid', sessionFor(1000)))
    assert.deepEqual(Object.keys(store.sessions), [])
  })

  it('never keeps a process alive', () => {
    const script = `
      const { MemoryStore, Cookie } = require('${packageName}')
      const store = new MemoryStore()
      for (let i = 0; i < 1000; i++) store.set('id' + i, { cookie: new Cookie({ maxAge: 3600000 }) })
      console.log('done')`
    const { stdout, status, error } = spawnSync(process.execPath, ['-e', script], {
      cwd: __dirname,
      encoding: 'utf8',
      timeout: 15000
    })
    assert.deepEqual([stdout.trim(), status, error], ['done', 0, undefined])
  })
})
