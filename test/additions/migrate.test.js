'use strict'

// session.migrate(from, to) moves sessions from one store to another while both are in use, and nobody is logged out.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, gate, loggedIn, serve, session, until } = require('../support/harness')
const { MemoryStore } = session

const who = (req, res) => {
  if (req.path === '/write') req.session.n = 1
  res.end(String(req.session.user))
}

const promised = (store, method, ...args) =>
  new Promise((resolve, reject) => {
    store[method](...args, (error, result) => (error ? reject(error) : resolve(result)))
  })

afterEach(closeAll)

describe('session.migrate', () => {
  it('moves a session when it is asked for', async () => {
    const from = new JsonStore()
    const { cookie } = await loggedIn({ store: from }, who)
    const to = new JsonStore()
    const { visit } = await serve({ store: session.migrate(from, to), genid: undefined }, who)

    assert.equal((await visit({ cookie })).body, 'ada')
    assert.deepEqual([Object.keys(from.sessions), Object.keys(to.sessions)], [[], ['id1']])
    from.takeCalls()
    assert.equal((await visit({ path: '/write', cookie })).body, 'ada')
    assert.deepEqual(from.takeCalls(), [])
  })

  it('stores new ones in the new store, and destroys in both', async () => {
    const from = new JsonStore()
    const to = new JsonStore()
    const { visit } = await serve({ store: session.migrate(from, to) }, async (req, res) => {
      if (req.path === '/leave') await req.session.destroy()
      else req.session.user = 'ada'
      res.end()
    })
    const { cookie } = await visit()
    assert.deepEqual([Object.keys(from.sessions), Object.keys(to.sessions)], [[], ['id1']])
    from.sessions.id1 = to.sessions.id1
    await visit({ path: '/leave', cookie })
    assert.deepEqual([from.sessions, to.sessions], [{}, {}])
  })

  it('moves once for many requests at a time, and what they write stays', async () => {
    const from = new JsonStore()
    const { cookie } = await loggedIn({ store: from }, who)
    const to = new JsonStore()
    const { visit } = await serve({ store: session.migrate(from, to), genid: undefined }, who)
    const bodies = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => (await visit({ path: i % 2 ? '/write' : '/', cookie })).body)
    )
    assert.deepEqual(new Set(bodies), new Set(['ada']))
    assert.equal(JSON.parse(to.sessions.id1).n, 1)
    assert.equal(from.calls.filter((call) => call === 'destroy id1').length, 1)
  })

  it('does not bring a session back that is destroyed while it moves', async () => {
    const held = gate()
    const from = new JsonStore()
    from.sessions.id = '{"cookie":{},"user":"ada"}'
    const { get } = from
    from.get = function (sid, callback) {
      get.call(this, sid, (...answer) => held.pass(() => callback(...answer)))
    }
    const to = new JsonStore()
    const store = session.migrate(from, to)
    const found = promised(store, 'get', 'id')
    await until(() => held.waiting > 0)
    const destroyed = promised(store, 'destroy', 'id')
    held.open()
    await Promise.all([found, destroyed])
    assert.deepEqual([from.sessions, to.sessions], [{}, {}])
  })

  it('serves a session, though it cannot be cleared away', async () => {
    const from = new JsonStore({ destroy: (sid, callback) => setImmediate(callback, new Error('read only')) })
    from.sessions.id = '{"cookie":{},"user":"ada"}'
    const to = new JsonStore()
    const store = session.migrate(from, to)
    assert.equal((await promised(store, 'get', 'id')).user, 'ada')
    assert.equal((await promised(store, 'get', 'id')).user, 'ada')
    await assert.rejects(promised(store, 'destroy', 'id'), /read only/)
  })

  it('hands on what a store refuses', async () => {
    const down = (...args) => setImmediate(args.at(-1), new Error('down'))
    for (const broken of ['get', 'set']) {
      const from = new JsonStore()
      from.sessions.id = '{"cookie":{},"user":"ada"}'
      const store = session.migrate(from, new JsonStore({ [broken]: down }))
      await assert.rejects(promised(store, 'get', 'id'), /down/)
      assert.ok(from.sessions.id)
    }
    const store = session.migrate(new JsonStore({ get: down }), new JsonStore())
    await assert.rejects(promised(store, 'get', 'id'), /down/)
  })

  it('takes ENOENT for none, and leaves what is no session where it is', async () => {
    const none = (sid, callback) => callback(Object.assign(new Error('no file'), { code: 'ENOENT' }))
    assert.equal(
      await promised(
        session.migrate(new JsonStore({ get: none }), new JsonStore({ get: none })),
        'get',
        'id'
      ),
      undefined
    )
    const from = new JsonStore()
    from.sessions.id = '{"user":"ada"}'
    assert.deepEqual(await promised(session.migrate(from, new JsonStore()), 'get', 'id'), { user: 'ada' })
    assert.ok(from.sessions.id)
  })

  it('has touch and update if the new store has', async () => {
    const without = session.migrate(new MemoryStore(), new JsonStore({ touch: undefined }))
    assert.deepEqual([typeof without.touch, typeof without.update], ['undefined', 'undefined'])

    const from = new JsonStore()
    from.sessions.id = '{"cookie":{},"n":1}'
    const to = new MemoryStore()
    const store = session.migrate(from, to)
    await promised(store, 'update', 'id', (stored) => ({ ...stored, n: stored.n + 1 }))
    await promised(store, 'touch', 'id', { cookie: new session.Cookie({ maxAge: 1000 }) })
    assert.deepEqual([JSON.parse(to.sessions.id).n, from.sessions], [2, {}])
  })

  it('has all, length and clear if both have', async () => {
    assert.equal(typeof session.migrate(new JsonStore(), new MemoryStore()).all, 'undefined')
    const [from, to] = [new MemoryStore(), new MemoryStore()]
    const store = session.migrate(from, to)
    await promised(from, 'set', 'old', { cookie: {}, n: 1 })
    await promised(to, 'set', 'new', { cookie: {}, n: 2 })
    assert.deepEqual(Object.keys(await promised(store, 'all')).sort(), ['new', 'old'])
    assert.equal(await promised(store, 'length'), 2)
    await promised(store, 'clear')
    assert.equal(await promised(store, 'length'), 0)
  })

  it('lists as an array where one of them does', async () => {
    class ArrayStore extends MemoryStore {
      all(callback) {
        setImmediate(callback, null, [{ cookie: {}, n: 1 }])
      }
    }
    const store = session.migrate(new ArrayStore(), new MemoryStore())
    assert.deepEqual(await promised(store, 'all'), [{ cookie: {}, n: 1 }])
  })

  it('is disconnected while one of them is', async () => {
    const [from, to] = [new JsonStore(), new JsonStore()]
    const store = session.migrate(from, to)
    const events = []
    for (const name of ['connect', 'disconnect']) store.on(name, () => events.push(name))
    from.emit('disconnect')
    to.emit('disconnect')
    from.emit('connect')
    assert.deepEqual(events, ['disconnect', 'disconnect'])
    to.emit('connect')
    assert.deepEqual(events.at(-1), 'connect')
  })

  it('works with stores that answer by promise', async () => {
    class PromiseStore extends session.Store {
      sessions = new Map()
      get = async (sid) => this.sessions.get(sid)
      set = async (sid, data) => void this.sessions.set(sid, JSON.parse(JSON.stringify(data)))
      destroy = async (sid) => void this.sessions.delete(sid)
    }
    const [from, to] = [new PromiseStore(), new PromiseStore()]
    await from.set('id', { cookie: { expires: '2099-01-01T00:00:00.000Z' }, user: 'ada' })
    const store = session.migrate(from, to)
    assert.equal((await promised(store, 'get', 'id')).user, 'ada')
    assert.deepEqual([from.sessions.size, to.sessions.get('id').user], [0, 'ada'])
  })

  it('refuses what is no store', () => {
    assert.throws(() => session.migrate({}, new MemoryStore()), /migrate: from must be a store/)
    assert.throws(() => session.migrate(new MemoryStore(), undefined), /migrate: to must be a store/)
  })
})
