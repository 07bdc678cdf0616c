'use strict'

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const { MemoryStore, Cookie } = require('../support/harness').session
const { pause, until } = require('../support/harness')

const stored = (maxAge, data = {}) => ({ cookie: new Cookie({ maxAge }), ...data })
const lengthOf = (store) => new Promise((resolve) => store.length((error, length) => resolve(length)))
const allOf = (store) => new Promise((resolve) => store.all((error, sessions) => resolve(sessions)))
const getFrom = (store, id) => new Promise((resolve) => store.get(id, (error, data) => resolve(data)))

describe('a MemoryStore that does not leak', () => {
  it('forgets expired sessions by itself', async function () {
    this.timeout(30000)
    const store = new MemoryStore()
    for (let i = 0; i < 1000; i++) store.set('short' + i, stored(10))
    store.set('long', stored(60000))
    store.set('for ever', { cookie: new Cookie() })
    // They go by slots of five seconds, and a timer looks every five.
    await until(() => Object.keys(store.sessions).length === 2, 12_000)
    assert.deepEqual(Object.keys(store.sessions).sort(), ['for ever', 'long'])
  })

  it('counts without parsing', async () => {
    const store = new MemoryStore()
    for (let i = 0; i < 100; i++) store.set('id' + i, stored(60000))
    const { parse } = JSON
    let parses = 0
    JSON.parse = (...args) => {
      parses += 1
      return parse(...args)
    }
    try {
      assert.equal(await lengthOf(store), 100)
    } finally {
      JSON.parse = parse
    }
    assert.equal(parses, 0)
  })

  it('does not count, list or give the expired', async () => {
    const store = new MemoryStore()
    store.set('short', stored(5))
    store.set('long', stored(60000, { user: 'ada' }))
    await pause(20)
    assert.equal(await lengthOf(store), 1)
    assert.deepEqual(Object.keys(await allOf(store)), ['long'])
    assert.equal(await getFrom(store, 'short'), undefined)
  })

  it('keeps a session that is touched', async () => {
    const store = new MemoryStore()
    store.set('id', stored(40, { user: 'ada' }))
    for (let i = 0; i < 5; i++) {
      await pause(15)
      store.touch('id', stored(40))
    }
    assert.equal((await getFrom(store, 'id')).user, 'ada')
  })

  it('keeps its plain object of id to JSON text', () => {
    const store = new MemoryStore()
    store.set('id', stored(60000, { user: 'ada' }))
    assert.deepEqual(Object.keys(store.sessions), ['id'])
    assert.equal(typeof store.sessions.id, 'string')
    assert.equal(JSON.parse(store.sessions.id).user, 'ada')
  })

  for (const id of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    it(`knows no session named ${id} until there is one`, async () => {
      const store = new MemoryStore()
      assert.equal(await getFrom(store, id), undefined)
      store.set(id, stored(60000, { user: 'ada' }))
      assert.equal((await getFrom(store, id)).user, 'ada')
      assert.equal(await lengthOf(store), 1)
    })
  }

  it('never keeps a process alive', () => {
    const script = `
      const { MemoryStore, Cookie } = require('express-session')
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
