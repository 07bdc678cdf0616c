'use strict'

// A store need not extend our Store, and can be used without a request, as in 1.x.

const assert = require('node:assert/strict')
const { EventEmitter } = require('node:events')
const { MemoryStore: TheirMemoryStore } = require('upstream-session')
const { JsonStore, closeAll, gate, serve, session, until, usual } = require('../support/harness')

describe('a store', () => {
  afterEach(closeAll)

  it('need not be an event emitter', async () => {
    const store = new JsonStore()
    const plain = {
      get: store.get.bind(store),
      set: store.set.bind(store),
      destroy: store.destroy.bind(store),
      createSession: store.createSession,
      on: EventEmitter.prototype.on
    }
    const { visit } = await serve({ store: plain }, (req, res) => {
      req.session.count = (req.session.count || 0) + 1
      res.send(String(req.session.count))
    })
    const { cookie } = await visit()
    assert.equal((await visit({ cookie })).body, '2')
  })

  it('may extend another copy of this package, and hand out its sessions', async () => {
    class Foreign extends TheirMemoryStore {
      sets = 0
      set(...args) {
        this.sets += 1
        super.set(...args)
      }
    }
    const store = new Foreign()
    const { visit } = await serve({ store }, (req, res) => {
      req.session.count = (req.session.count || 0) + 1
      req.session.save(() => req.session.reload(() => res.send(String(req.session.count))))
    })
    const { cookie } = await visit()
    assert.equal((await visit({ cookie })).body, '2')
    assert.equal(store.sets, 2, 'what is saved already is not saved again at the end')
  })
})

describe('a session of another copy of this package', () => {
  afterEach(closeAll)

  it('has our promises', async () => {
    const { visit } = await serve({ store: new TheirMemoryStore(), ...usual }, async (req, res) => {
      req.session.count = (req.session.count || 0) + 1
      const saved = await req.session.save()
      const reloaded = await req.session.reload()
      res.json([saved ?? null, reloaded ?? null, req.session.count])
    })
    const { cookie } = await visit()
    assert.deepEqual(JSON.parse((await visit({ cookie })).body), [null, null, 2])
  })

  it('is saved as the options say', async () => {
    const store = new TheirMemoryStore()
    const { visit } = await serve(
      { store, ...usual, hashSessionIds: true, concurrency: 'merge' },
      async (req, res) => {
        req.session.user = 'ada'
        await req.session.save()
        res.send(req.sessionID)
      }
    )
    const first = await visit()
    const second = await visit({ cookie: first.cookie })
    assert.equal(second.body, first.body)
    assert.deepEqual(Object.keys(store.sessions), [session.hashSessionId(first.body)])
  })

  it('stays ended, whoever still saves it', async () => {
    const store = new TheirMemoryStore()
    const ended = gate()
    const { visit } = await serve({ store, ...usual }, async (req, res) => {
      if (req.url === '/logout') await req.session.destroy()
      else req.session.seen = true
      if (req.url === '/slow') {
        await new Promise(ended.pass)
        return res.send(await req.session.save().catch((error) => error.code))
      }
      res.end()
    })
    const { cookie } = await visit()
    const slow = visit({ path: '/slow', cookie })
    await until(() => ended.waiting > 0)
    await visit({ path: '/logout', cookie })
    ended.open()
    assert.equal((await slow).body, 'ESESSIONENDED')
    assert.deepEqual(Object.keys(store.sessions), [])
  })
})

describe('a store whose own method', () => {
  afterEach(closeAll)

  for (const method of ['generate', 'createSession']) {
    it(`${method} makes no session: an error that names it`, async () => {
      const store = new JsonStore()
      const { visit, errors } = await serve({ store }, (req, res) => {
        req.session.user = 'ada'
        res.end('body')
      })
      const { cookie } = await visit()
      store[method] = () => {}
      const answer = await visit(method === 'generate' ? {} : { cookie })
      assert.equal(answer.status, 500)
      assert.match(errors[0].message, new RegExp(`^store\\.${method}\\(\\) has made no session`))
    })
  }

  it('createSession returns nothing: its sessions are stored', async () => {
    class Silent extends JsonStore {
      createSession(req, data) {
        super.createSession(req, data)
      }
    }
    for (const options of [{}, { hashSessionIds: true }]) {
      const store = new Silent()
      const { visit, errors } = await serve({ store }, (req, res) => {
        req.session.user = 'ada'
        res.end()
      })
      const { cookie } = await visit()
      const more = await serve({ store, ...options }, (req, res) => {
        req.session = { ...req.session, step: 2 }
        res.end()
      })
      assert.equal((await more.visit({ cookie })).status, 200)
      assert.deepEqual([errors, more.errors], [[], []])
      const texts = Object.values(store.sessions)
      assert.deepEqual(
        texts.map((text) => [JSON.parse(text).user, JSON.parse(text).step]),
        [['ada', 2]]
      )
    }
  })
})

describe('without a request a store', () => {
  const load = (store, sid) => new Promise((resolve) => store.load(sid, (...answer) => resolve(answer)))

  it('loads a session, which can be saved', async () => {
    const store = new JsonStore()
    store.sessions.id1 = JSON.stringify({ cookie: { expires: '2099-01-01T00:00:00.000Z' }, count: 1 })
    const [, loaded] = await load(store, 'id1')
    assert.deepEqual([loaded.id, loaded.count], ['id1', 1])
    assert.ok(loaded.cookie.expires instanceof Date)
    loaded.count = 2
    await new Promise((resolve) => loaded.save(resolve))
    assert.equal(JSON.parse(store.sessions.id1).count, 2)
  })

  it('loads nothing where there is none', async () => {
    assert.deepEqual(await load(new JsonStore(), 'unknown'), [undefined])
  })

  it('says why it cannot load one', async () => {
    const store = new JsonStore()
    store.sessions.garbled = '{"count":1}'
    assert.match((await load(store, 'garbled'))[0].message, /expires/)
    store.get = (sid, callback) => callback(new Error('out of order'))
    assert.match((await load(store, 'id1'))[0].message, /out of order/)
  })

  it('generates one, as the middleware made last would', () => {
    const store = new JsonStore()
    for (const path of ['/one', '/two']) session({ ...usual, store, cookie: { path } })
    const req = {}
    store.generate(req)
    assert.equal(req.session.cookie.path, '/two')
  })
})
