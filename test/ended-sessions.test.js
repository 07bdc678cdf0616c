'use strict'

const assert = require('node:assert')
const { once, EventEmitter } = require('node:events')
const request = require('supertest')
const session = require('express-session')
const { appWith, sentBack } = require('./support/app')

/** Logs in, has one request wait, ends the session meanwhile by another, and lets the first one go on. */
async function overtake(store, { end, meanwhile, unset = 'keep' }) {
  const gate = new EventEmitter()
  const app = appWith({ store, unset }, async (req, res) => {
    if (req.path === '/login') {
      req.session.user = 'alice'
    } else if (req.path === '/slow') {
      gate.emit('waiting')
      await once(gate, 'go on')
      await meanwhile(req)
    } else {
      await end(req)
    }
    res.send('done')
  })
  const login = await request(app).get('/login')
  const cookie = sentBack(login)
  const waiting = once(gate, 'waiting')
  const slow = request(app).get('/slow').set('Cookie', cookie).then()
  await waiting
  await request(app).get('/end').set('Cookie', cookie)
  gate.emit('go on')
  await slow
}

const change = (req) => {
  req.session.changed = true
}
const ways = {
  destroyed: (req) => req.session.destroy(),
  'regenerated away': (req) => req.session.regenerate(),
  unset: (req) => {
    req.session = null
  }
}

describe('a session that another request has ended', () => {
  for (const [way, end] of Object.entries(ways)) {
    it(`does not come back once ${way}`, async () => {
      const store = new session.MemoryStore()
      await overtake(store, { end, meanwhile: change, unset: 'destroy' })
      assert(!JSON.stringify(store.sessions).includes('alice'))
    })
  }

  it('does not come back by a save or a touch', async () => {
    for (const meanwhile of [(req) => req.session.save(), () => {}]) {
      const store = new session.MemoryStore()
      await overtake(store, { end: ways.destroyed, meanwhile })
      assert.deepStrictEqual(Object.keys(store.sessions), [])
    }
  })

  it('lives on when ending it failed', async () => {
    const store = new session.MemoryStore()
    store.destroy = (sid, callback) => setImmediate(callback, new Error('not now'))
    await overtake(store, { end: (req) => req.session.destroy().catch(() => {}), meanwhile: change })
    assert(JSON.stringify(store.sessions).includes('changed'))
  })

  it('is removed again when a save was on its way', async () => {
    const store = new session.MemoryStore()
    const { set } = session.MemoryStore.prototype
    const sets = new EventEmitter()
    const app = appWith({ store }, async (req, res) => {
      if (req.path === '/login') req.session.user = 'alice'
      else if (req.path === '/slow') req.session.slow = true
      else await req.session.destroy()
      res.send('done')
    })
    const cookie = sentBack(await request(app).get('/login'))
    // A database with several connections, on which the later statement may come first.
    store.set = async function (sid, data, callback) {
      sets.emit('asked')
      await once(sets, 'go on')
      set.call(this, sid, data, callback)
    }
    const asked = once(sets, 'asked')
    const slow = request(app).get('/slow').set('Cookie', cookie).then()
    await asked
    await request(app).get('/end').set('Cookie', cookie)
    sets.emit('go on')
    await slow
    assert.deepStrictEqual(Object.keys(store.sessions), [])
  })

  it('is another one when the app gives it the same id', async () => {
    const store = new session.MemoryStore()
    const app = appWith({ store, genid: () => 'only' }, async (req, res) => {
      await req.session.regenerate()
      req.session.user = 'alice'
      res.send('done')
    })
    const first = await request(app).get('/')
    await request(app).get('/').set('Cookie', sentBack(first))
    assert(JSON.stringify(store.sessions).includes('alice'))
  })
})
