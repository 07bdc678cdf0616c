'use strict'

// `session.migrate(from, to)` moves the sessions of one store to another while visitors use them: nobody is logged out, nothing
// is lost if the process dies on the way, and what has ended does not come back.

const assert = require('node:assert/strict')
const { EventEmitter } = require('node:events')
const { JsonStore, closeAll, gate, serve, session, until } = require('../support/harness')

/** An app on a store: `/put/<text>` writes, `/logout` ends the session, all else looks. */
function app(store, options) {
  return serve({ store, genid: undefined, ...options }, async (req, res) => {
    const [, what, value] = req.url.split('/')
    if (what === 'put') req.session.value = value
    if (what === 'logout') await req.session.destroy()
    res.json({ value: req.session?.value, id: req.sessionID, reason: session.infoOf(req)?.reason })
  })
}

async function ask(served, path, cookie) {
  const { body, status } = await served.visit({ path, cookie })
  return status === 200 ? JSON.parse(body) : { status, body }
}

/** A visitor of the old store. */
async function visitorOf(from, options) {
  const served = await app(from, options)
  const { cookie, body } = await served.visit({ path: '/put/old' })
  from.calls?.splice(0)
  return { cookie, id: JSON.parse(body).id }
}

/** Calls a method of a store, as an app does. */
function call(store, method, ...args) {
  return new Promise((resolve, reject) => {
    store[method](...args, (error, result) => (error ? reject(error) : resolve(result)))
  })
}

const SESSION = { cookie: { originalMaxAge: null, expires: null, httpOnly: true, path: '/' }, value: 'old' }

/** A store that answers by promise alone. */
class PromiseStore extends session.Store {
  sessions = {}
  async get(sid) {
    return this.sessions[sid] && JSON.parse(this.sessions[sid])
  }

  async set(sid, sess) {
    this.sessions[sid] = JSON.stringify(sess)
  }

  async touch(sid, sess) {
    const stored = await this.get(sid)
    if (stored) await this.set(sid, { ...stored, cookie: sess.cookie })
  }

  async destroy(sid) {
    delete this.sessions[sid]
  }
}

describe('moving from store to store', () => {
  afterEach(closeAll)

  describe('a session of the old store', () => {
    it('is found, and is in the new store alone from then on', async () => {
      const [from, to] = [new JsonStore(), new JsonStore()]
      const { cookie, id } = await visitorOf(from)
      const before = JSON.parse(from.sessions[id])
      const served = await app(session.migrate(from, to))
      assert.deepEqual(await ask(served, '/', cookie), { value: 'old', id, reason: 'found' })
      assert.deepEqual(from.sessions, {})
      assert.deepEqual(JSON.parse(to.sessions[id]), before)

      from.takeCalls()
      assert.equal((await ask(served, '/put/new', cookie)).id, id)
      assert.equal((await ask(served, '/', cookie)).value, 'new')
      assert.deepEqual(from.takeCalls(), [], 'the old store is not asked any more')
    })

    it('is written to the new store before it is destroyed in the old one', async () => {
      const order = []
      const [from, to] = [new JsonStore(), new JsonStore()]
      const { cookie, id } = await visitorOf(from)
      from.calls.push = (text) => order.push(`from ${text}`)
      to.calls.push = (text) => order.push(`to ${text}`)
      await ask(await app(session.migrate(from, to)), '/', cookie)
      assert.deepEqual(
        order.map((text) => text.replace(` ${id}`, '')),
        ['to get', 'from get', 'to get', 'to set', 'from destroy', 'to touch']
      )
    })

    it('is one: the new store is given a session with its cookie, and its idle timeout starts again', async () => {
      const given = []
      const from = new JsonStore()
      const to = new JsonStore({
        set(sid, sess, callback) {
          given.push(sess)
          JsonStore.prototype.set.call(to, sid, sess, callback)
        }
      })
      const { cookie, id } = await visitorOf(from, { cookie: { maxAge: 60_000 } })
      // As with stores whose touch leaves the stored expiry as it was.
      const stored = JSON.parse(from.sessions[id])
      stored.cookie.expires = '2020-01-01T00:00:00.000Z'
      from.sessions[id] = JSON.stringify(stored)
      const served = await app(session.migrate(from, to), { cookie: { maxAge: 60_000 } })
      assert.equal((await ask(served, '/', cookie)).value, 'old')
      const [moved] = given
      assert.deepEqual(Object.keys(moved), ['cookie', 'value'])
      assert.ok(moved instanceof session.Session)
      assert.equal(moved.id, id)
      assert.equal(moved.cookie.originalMaxAge, 60_000)
      assert.ok(moved.cookie.expires > new Date())
      assert.ok(moved.cookie.maxAge > 50_000)
    })

    it('keeps all of its data, also what additions remember and what bears the name of a method', async () => {
      const [from, to] = [new JsonStore(), new JsonStore()]
      const stored = {
        ...SESSION,
        __session: { createdAt: 5 },
        save: 'data',
        constructor: 1,
        nested: { a: [1] }
      }
      from.sessions.a = JSON.stringify(stored)
      assert.deepEqual(await call(session.migrate(from, to), 'get', 'a'), stored)
      assert.deepEqual(JSON.parse(to.sessions.a), stored)
    })

    it('stays sealed on its way', async () => {
      const encryption = 'ab'.repeat(32)
      const [from, to] = [new JsonStore(), new JsonStore()]
      const { cookie, id } = await visitorOf(from, { encryption })
      const { sealed } = JSON.parse(from.sessions[id])
      const served = await app(session.migrate(from, to), { encryption })
      assert.equal((await ask(served, '/', cookie)).value, 'old')
      assert.equal(JSON.parse(to.sessions[id]).sealed, sealed)
    })

    for (const [title, makeFrom, makeTo] of [
      ['MemoryStore to a store by callbacks', () => new session.MemoryStore(), () => new JsonStore()],
      ['MemoryStore to a store by promises', () => new session.MemoryStore(), () => new PromiseStore()],
      ['a store by promises to MemoryStore', () => new PromiseStore(), () => new session.MemoryStore()],
      ['a store by promises to another', () => new PromiseStore(), () => new PromiseStore()],
      ['MemoryStore to MemoryStore', () => new session.MemoryStore(), () => new session.MemoryStore()]
    ]) {
      it(`moves from ${title}`, async () => {
        const [from, to] = [makeFrom(), makeTo()]
        const { cookie, id } = await visitorOf(from)
        const served = await app(session.migrate(from, to))
        assert.equal((await ask(served, '/', cookie)).value, 'old')
        assert.deepEqual(Object.keys(from.sessions), [])
        assert.deepEqual(Object.keys(to.sessions), [id])
        await ask(served, '/put/new', cookie)
        assert.equal((await ask(served, '/', cookie)).value, 'new')
        await ask(served, '/logout', cookie)
        assert.equal((await ask(served, '/', cookie)).reason, 'unknown')
      })
    }

    it('is not there for either answer of a store that has none: nothing, or ENOENT', async () => {
      const none = Object.assign(new Error('no such file'), { code: 'ENOENT' })
      const missing = { get: (sid, callback) => callback(none), destroy: (sid, callback) => callback(none) }
      const migrating = session.migrate(new JsonStore(missing), new JsonStore(missing))
      assert.equal(await call(migrating, 'get', 'a'), undefined)
      await call(migrating, 'destroy', 'a')
    })

    it('is not moved where it is none, and is given as it is', async () => {
      const from = new JsonStore()
      from.sessions.a = '{"user":"ada"}'
      assert.deepEqual(await call(session.migrate(from, new JsonStore()), 'get', 'a'), { user: 'ada' })
      assert.ok(from.sessions.a)
    })

    it('is an error of its request where a store fails, and is still there', async () => {
      const failing = new Error('the store is down')
      for (const over of [{ get: (sid, cb) => cb(failing) }, { set: (sid, sess, cb) => cb(failing) }]) {
        const [from, to] = [new JsonStore(), new JsonStore(over)]
        const { cookie, id } = await visitorOf(from)
        const served = await app(session.migrate(from, to))
        assert.equal((await ask(served, '/', cookie)).status, 500)
        assert.equal(served.errors[0], failing)
        assert.deepEqual(Object.keys(from.sessions), [id])

        delete to.get
        delete to.set
        assert.equal((await ask(served, '/', cookie)).value, 'old', 'once the store is back')
      }

      const broken = new JsonStore({ get: (sid, callback) => callback(failing) })
      await assert.rejects(call(session.migrate(broken, new JsonStore()), 'get', 'a'), failing)
    })

    it('is served when the old store will not let it go', async () => {
      const from = new JsonStore({ destroy: (sid, callback) => callback(new Error('read only')) })
      const { cookie, id } = await visitorOf(from)
      const to = new JsonStore()
      const served = await app(session.migrate(from, to))
      assert.equal((await ask(served, '/put/new', cookie)).id, id)
      assert.equal((await ask(served, '/', cookie)).value, 'new', 'the new store counts')
      await assert.rejects(call(session.migrate(from, to), 'destroy', id), /read only/)
    })
  })

  describe('a crash', () => {
    it('loses nothing at any moment of a move: at each one store has the session', async () => {
      // The process dies with each call in turn: what comes after it is not done.
      for (let lasts = 0; lasts <= 5; lasts++) {
        let left = lasts
        const dying = (method) =>
          function (...args) {
            if (left-- > 0) JsonStore.prototype[method].apply(this, args)
          }
        const mortal = { get: dying('get'), set: dying('set'), destroy: dying('destroy') }
        const [from, to] = [new JsonStore(mortal), new JsonStore(mortal)]
        from.sessions.a = JSON.stringify(SESSION)
        session.migrate(from, to).get('a', () => {})
        await until(() => left <= 0)
        await new Promise(setImmediate)

        const again = [new JsonStore(), new JsonStore()]
        Object.assign(again[0].sessions, from.sessions)
        Object.assign(again[1].sessions, to.sessions)
        assert.deepEqual(await call(session.migrate(...again), 'get', 'a'), SESSION)
      }
    })

    it('between writing and destroying leaves an old copy, which never counts, and goes with the session', async () => {
      const [from, to] = [new JsonStore(), new JsonStore()]
      from.sessions.a = JSON.stringify(SESSION)
      to.sessions.a = JSON.stringify({ ...SESSION, value: 'new' })
      const migrating = session.migrate(from, to)
      assert.equal((await call(migrating, 'get', 'a')).value, 'new')
      await call(migrating, 'destroy', 'a')
      assert.deepEqual([from.sessions, to.sessions], [{}, {}])
    })
  })

  describe('in parallel', () => {
    it('moves a session once, and gives each request an object of its own', async () => {
      const [from, to] = [new JsonStore(), new JsonStore()]
      from.sessions.a = JSON.stringify({ ...SESSION, nested: {} })
      const migrating = session.migrate(from, to)
      const found = await Promise.all(Array.from({ length: 5 }, () => call(migrating, 'get', 'a')))
      assert.equal(new Set(found).size, 5)
      assert.equal(new Set(found.map(({ nested }) => nested)).size, 5)
      for (const each of found) assert.equal(each.value, 'old')
      assert.equal(to.calls.filter((text) => text === 'set a').length, 1)
    })

    it('moves a session once for requests that read and write at a time, and what they write stays', async () => {
      const [from, to] = [new JsonStore(), new JsonStore()]
      const { cookie, id } = await visitorOf(from)
      const served = await serve({ store: session.migrate(from, to), genid: undefined }, (req, res) => {
        if (req.url === '/write') req.session.n = 1
        res.end(req.session.value)
      })
      const visits = Array.from({ length: 20 }, (_, i) =>
        served.visit({ path: i % 2 ? '/write' : '/', cookie })
      )
      for (const { body } of await Promise.all(visits)) assert.equal(body, 'old')
      assert.equal(JSON.parse(to.sessions[id]).n, 1)
      assert.equal(from.calls.filter((text) => text === `destroy ${id}`).length, 1)
    })

    it('does not put an old state over a new one: a set waits for the move under way', async () => {
      const { pass, open } = gate()
      const from = new JsonStore()
      let isFirst = true
      const to = new JsonStore({
        set(sid, sess, callback) {
          const put = () => JsonStore.prototype.set.call(to, sid, sess, callback)
          if (isFirst) pass(put)
          else put()
          isFirst = false
        }
      })
      from.sessions.a = JSON.stringify(SESSION)
      const migrating = session.migrate(from, to)
      const loading = call(migrating, 'get', 'a')
      await until(() => !isFirst)
      const saving = call(migrating, 'set', 'a', { ...SESSION, value: 'new' })
      open()
      await Promise.all([loading, saving])
      assert.equal(JSON.parse(to.sessions.a).value, 'new')
    })

    it('does not put an old state over what another process has saved, with a store that has update', async () => {
      const from = new JsonStore()
      const to = new session.MemoryStore()
      from.sessions.a = JSON.stringify(SESSION)
      const ask = from.get
      // Another process is faster, by a whole request.
      from.get = (sid, callback) =>
        ask.call(from, sid, (error, found) => {
          to.sessions.a = JSON.stringify({ ...SESSION, value: 'new' })
          callback(error, found)
        })
      assert.equal((await call(session.migrate(from, to), 'get', 'a')).value, 'new')
      assert.equal(JSON.parse(to.sessions.a).value, 'new')
    })

    it('finds what another process has moved between the two looks', async () => {
      const [from, to] = [new JsonStore(), new JsonStore()]
      from.get = (sid, callback) => {
        to.sessions.a = JSON.stringify(SESSION)
        callback(null, undefined)
      }
      assert.deepEqual(await call(session.migrate(from, to), 'get', 'a'), SESSION)
    })

    it('keeps a session ended that ends when the old store has read it, and not yet answered', async () => {
      const { pass, open } = gate()
      const [from, to] = [new JsonStore(), new JsonStore()]
      const { get } = from
      let isReached = false
      from.get = function (sid, callback) {
        get.call(this, sid, (...answer) => {
          isReached = true
          pass(() => callback(...answer))
        })
      }
      from.sessions.a = JSON.stringify(SESSION)
      const migrating = session.migrate(from, to)
      const loading = call(migrating, 'get', 'a')
      await until(() => isReached)
      const ending = call(migrating, 'destroy', 'a')
      open()
      await Promise.all([loading, ending])
      assert.deepEqual([from.sessions, to.sessions], [{}, {}])
    })

    for (const method of ['get of the old store', 'set of the new store', 'destroy in the old store']) {
      it(`keeps a session ended that ends during the ${method}`, async () => {
        const { pass, open } = gate()
        const [from, to] = [new JsonStore(), new JsonStore()]
        const [name, , , whose] = method.split(' ')
        const store = whose === 'new' ? to : from
        let isReached = false
        store[name] = (...args) => {
          const go = () => JsonStore.prototype[name].apply(store, args)
          if (isReached) go()
          else pass(go)
          isReached = true
        }
        from.sessions.a = JSON.stringify(SESSION)
        const migrating = session.migrate(from, to)
        const loading = call(migrating, 'get', 'a')
        await until(() => isReached)
        const ending = call(migrating, 'destroy', 'a')
        open()
        await Promise.all([loading, ending])
        assert.deepEqual([from.sessions, to.sessions], [{}, {}])
        assert.equal((await call(migrating, 'get', 'a')) ?? null, null)
      })
    }

    it('does not move a session that is being ended', async () => {
      const { pass, open } = gate()
      const [from, to] = [new JsonStore(), new JsonStore()]
      from.destroy = (...args) => pass(() => JsonStore.prototype.destroy.apply(from, args))
      from.sessions.a = JSON.stringify(SESSION)
      const migrating = session.migrate(from, to)
      const ending = call(migrating, 'destroy', 'a')
      assert.equal((await call(migrating, 'get', 'a')) ?? null, null)
      open()
      await ending
      assert.deepEqual([from.sessions, to.sessions], [{}, {}])
    })

    it('loses no session and no change of many visitors', async () => {
      const [from, to] = [new session.MemoryStore(), new JsonStore()]
      const old = await app(from)
      const visitors = await Promise.all(
        Array.from({ length: 30 }, async (_, number) => (await old.visit({ path: `/put/${number}` })).cookie)
      )
      const served = await app(session.migrate(from, to))
      await Promise.all(
        visitors.map(async (cookie, number) => {
          const looks = await Promise.all([ask(served, '/', cookie), ask(served, '/', cookie)])
          for (const { value } of looks) assert.equal(value, `${number}`)
          await ask(served, `/put/new${number}`, cookie)
          assert.equal((await ask(served, '/', cookie)).value, `new${number}`)
        })
      )
      assert.deepEqual(Object.keys(from.sessions), [])
    })
  })

  describe('as a store', () => {
    it('writes new sessions to the new store, and asks the old one for nothing', async () => {
      const [from, to] = [new JsonStore(), new JsonStore()]
      const { id } = await ask(await app(session.migrate(from, to)), '/put/new')
      assert.deepEqual(Object.keys(to.sessions), [id])
      assert.deepEqual(from.calls, [])
    })

    it('touches and updates in the new store, where a session is moved before', async () => {
      const [from, to] = [new JsonStore(), new session.MemoryStore()]
      from.sessions.a = from.sessions.b = JSON.stringify(SESSION)
      const migrating = session.migrate(from, to)
      await call(migrating, 'touch', 'a', { cookie: { ...SESSION.cookie, originalMaxAge: 7 } })
      await call(migrating, 'update', 'b', (stored) => ({ ...stored, value: stored.value + '!' }))
      await call(migrating, 'update', 'c', (stored) => assert.equal(stored ?? undefined, undefined))
      assert.deepEqual(from.sessions, {})
      assert.equal(JSON.parse(to.sessions.a).cookie.originalMaxAge, 7)
      assert.equal(JSON.parse(to.sessions.b).value, 'old!')
    })

    it('has touch and update where the new store has them; all, length and clear where both have', async () => {
      const bare = () => new JsonStore({ touch: undefined })
      const has = (store) =>
        ['touch', 'update', 'all', 'length', 'clear'].filter((name) => typeof store[name] === 'function')
      const memory = () => new session.MemoryStore()
      assert.deepEqual(has(session.migrate(memory(), bare())), [])
      assert.deepEqual(has(session.migrate(bare(), memory())), ['touch', 'update'])
      assert.deepEqual(has(session.migrate(memory(), memory())), [
        'touch',
        'update',
        'all',
        'length',
        'clear'
      ])
    })

    it('lists, counts and clears the sessions of both', async () => {
      const [from, to] = [new session.MemoryStore(), new session.MemoryStore()]
      await call(from, 'set', 'a', SESSION)
      await call(from, 'set', 'b', SESSION)
      await call(to, 'set', 'b', { ...SESSION, value: 'new' })
      const migrating = session.migrate(from, to)
      const all = await call(migrating, 'all')
      assert.deepEqual(Object.keys(all).sort(), ['a', 'b'])
      assert.equal(all.b.value, 'new')
      assert.equal(await call(migrating, 'length'), 3, 'a copy that a crash has left counts')
      await call(migrating, 'clear')
      assert.equal(await call(migrating, 'length'), 0)
    })

    it('lists sessions as an array where one of the stores does', async () => {
      const [from, to] = [new session.MemoryStore(), new session.MemoryStore()]
      await call(from, 'set', 'a', SESSION)
      to.all = (callback) => callback(null, [{ ...SESSION, value: 'new' }])
      const all = await call(session.migrate(from, to), 'all')
      assert.deepEqual(
        all.map(({ value }) => value),
        ['new', 'old']
      )

      from.all = (callback) => setImmediate(callback, null, [SESSION])
      assert.deepEqual(await call(session.migrate(from, new session.MemoryStore()), 'all'), [SESSION])
    })

    it('is disconnected while either of them is', async () => {
      const [from, to] = [new JsonStore(), new JsonStore()]
      const served = await app(session.migrate(from, to), { onDisconnect: 'error' })
      const statuses = []
      const steps = [
        () => from.emit('disconnect'),
        () => to.emit('disconnect'),
        () => from.emit('connect'),
        () => to.emit('connect')
      ]
      for (const step of steps) {
        step()
        statuses.push((await served.visit()).status)
      }
      assert.deepEqual(statuses, [500, 500, 500, 200])
      assert.equal(served.errors[0].code, 'ESTOREDISCONNECTED')
    })

    it('says that it is disconnected for each of them, and connected when both are', () => {
      const [from, to] = [new JsonStore(), new JsonStore()]
      const migrating = session.migrate(from, to)
      const events = []
      for (const name of ['connect', 'disconnect']) migrating.on(name, () => events.push(name))
      from.emit('disconnect')
      to.emit('disconnect')
      from.emit('connect')
      assert.deepEqual(events, ['disconnect', 'disconnect'])
      to.emit('connect')
      assert.equal(events.at(-1), 'connect')
    })

    it('is a Store, and no name of the factory that shows', () => {
      const migrating = session.migrate(new JsonStore(), new JsonStore())
      assert.ok(migrating instanceof session.Store)
      assert.ok(migrating instanceof EventEmitter)
      assert.ok(!Object.keys(session).includes('migrate'))
    })

    it('regenerates: the old id opens nothing in either', async () => {
      const [from, to] = [new JsonStore(), new JsonStore()]
      const { cookie, id } = await visitorOf(from)
      const served = await serve(
        { store: session.migrate(from, to), genid: () => 'another' },
        async (req, res) => {
          await req.session.regenerate()
          req.session.value = 'fresh'
          res.end()
        }
      )
      await served.visit({ cookie })
      assert.deepEqual(from.sessions, {})
      assert.deepEqual(Object.keys(to.sessions), ['another'])
      assert.notEqual(id, 'another')
    })
  })

  it('is a TypeError where one is no store, or both are one', () => {
    const store = new JsonStore()
    assert.throws(() => session.migrate(store, store), {
      name: 'TypeError',
      message: 'migrate: from and to must be two stores'
    })
    for (const none of [undefined, {}]) {
      assert.throws(() => session.migrate(none, store), {
        name: 'TypeError',
        message: /^migrate: from must be a store/
      })
    }
    assert.throws(() => session.migrate(store, undefined), {
      name: 'TypeError',
      message: /^migrate: to must be a store/
    })
    assert.throws(() => session.migrate(store, { get() {}, set() {} }), {
      name: 'TypeError',
      message: 'migrate: to must be a store, but it has no method destroy'
    })
  })
})
