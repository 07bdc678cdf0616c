'use strict'

// With concurrency: 'merge' parallel requests of one session do not overwrite each other: each save stores what its request has
// changed, and nothing else.

const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const diagnostics = require('node:diagnostics_channel')
const { JsonStore, closeAll, gate, loggedIn, session, until } = require('../support/harness')

/** A store whose next `get`s can be held. */
class HeldStore extends JsonStore {
  get(sid, callback) {
    if (!this.held) return super.get(sid, callback)
    this.calls.push(`get ${sid}`)
    this.held.pass(() => super.get(sid, callback))
  }
}

/** Reads and writes with nobody in between, and asks twice. */
class UpdatingStore extends JsonStore {
  update(sid, change, callback) {
    this.calls.push(`update ${sid}`)
    const read = () => this.sessions[sid] && JSON.parse(this.sessions[sid])
    change(read())
    const changed = change(read())
    if (changed) this.sessions[sid] = JSON.stringify(changed)
    setImmediate(callback)
  }
}

const merge = (options, handler) => loggedIn({ concurrency: 'merge', ...options }, handler)
const dataOf = (store, sid = 'id1') => {
  const { cookie, ...data } = JSON.parse(store.sessions[sid])
  assert.ok(cookie)
  return data
}

/** As docs/concurrency.md has it. */
function addUp(key, base, theirs, mine) {
  if (key !== 'count') return mine
  return (theirs ?? 0) + (mine ?? 0) - (base ?? 0)
}

/** What another process does meanwhile, while a request works: it stores this. */
const stores = (store, change) => {
  const stored = JSON.parse(store.sessions.id1)
  change(stored)
  store.sessions.id1 = JSON.stringify(stored)
}

class CountedMemoryStore extends session.MemoryStore {
  takeCalls() {}
}

const KINDS = { 'a store': JsonStore, 'a store with update': UpdatingStore, MemoryStore: CountedMemoryStore }

describe("concurrency: 'merge'", () => {
  afterEach(closeAll)

  for (const [name, Store] of Object.entries(KINDS)) {
    describe(`on ${name}`, () => {
      it('has each of 200 parallel requests add a key to one session', async () => {
        const { store, cookie, visit, errors } = await merge({ store: new Store() }, (req, res) => {
          req.session[req.url.slice(1)] = true
          res.end()
        })
        const all = Array.from({ length: 200 }, (_, number) => visit({ path: `/key${number}`, cookie }))
        const ends = (await Promise.all(all)).map(({ end, status }) => `${end} ${status}`)
        assert.deepEqual([...new Set(ends)], ['complete 200'])
        assert.equal(Object.keys(dataOf(store)).filter((key) => key.startsWith('key')).length, 200)
        assert.deepEqual(errors, [])
      })

      it('counts right with a function that adds up', async () => {
        const options = { store: new Store(), concurrency: addUp }
        const { store, cookie, visit } = await merge(options, (req, res) => {
          req.session.count = (req.session.count ?? 0) + 1
          res.end()
        })
        await Promise.all(Array.from({ length: 50 }, () => visit({ cookie })))
        assert.equal(dataOf(store).count, 50)
      })

      it('adds, changes and removes what the request has, and leaves all else as it is stored', async () => {
        const { store, cookie, visit } = await merge({ store: new Store() }, async (req, res) => {
          Object.assign(req.session, { removed: 1, changed: 1 })
          await req.session.save()
          stores(store, (stored) => Object.assign(stored, { theirs: 1, user: 'bob' }))
          delete req.session.removed
          req.session.changed = 2
          req.session.added = 3
          await req.session.save()
          assert.deepEqual({ ...req.session, cookie: 0 }, { ...dataOf(store), cookie: 0 })
          res.end()
        })
        assert.equal((await visit({ cookie })).status, 200)
        const nested = { count: 0 }
        assert.deepEqual(dataOf(store), { user: 'bob', nested, changed: 2, theirs: 1, added: 3 })
      })

      it('does not write what has gone meanwhile', async () => {
        const messages = []
        const hear = (message) => messages.push(message.outcome)
        diagnostics.subscribe('express-session:save', hear)
        try {
          let error
          const { store, cookie, visit, errors } = await merge({ store: new Store() }, async (req, res) => {
            delete store.sessions.id1
            req.session.late = true
            if (req.url === '/save') error = await req.session.save().catch((refused) => refused)
            res.end()
          })
          messages.length = 0
          const { setCookie } = await visit({ path: '/save', cookie })
          assert.equal(error.code, 'ESESSIONENDED')
          assert.deepEqual(setCookie, [])
          assert.deepEqual(Object.keys(store.sessions), [])
          assert.deepEqual(messages, ['gone', 'gone'])
          assert.deepEqual(errors, [])
        } finally {
          diagnostics.unsubscribe('express-session:save', hear)
        }
      })

      it('says nothing at the end of a response whose session has gone', async () => {
        const { store, cookie, visit, errors } = await merge({ store: new Store() }, (req, res) => {
          delete store.sessions.id1
          req.session.late = true
          res.end('fine')
        })
        assert.equal((await visit({ cookie })).body, 'fine')
        assert.deepEqual(Object.keys(store.sessions), [])
        assert.deepEqual(errors, [])
      })

      it('overwrites nothing under resave: true where nothing was changed', async () => {
        const { store, cookie, visit } = await merge({ store: new Store(), resave: true }, (req, res) => {
          stores(store, (stored) => (stored.theirs = 1))
          res.end()
        })
        await visit({ cookie })
        assert.equal(dataOf(store).theirs, 1)
      })

      it('is an error of the save when the function throws, and nothing is written', async () => {
        const fault = new Error('cannot decide')
        const concurrency = () => {
          throw fault
        }
        let seen
        const { store, cookie, visit, errors } = await merge(
          { store: new Store(), concurrency },
          async (req, res) => {
            stores(store, (stored) => (stored.user = 'bob'))
            req.session.user = 'eve'
            seen = await req.session.save().catch((error) => error)
            res.end()
          }
        )
        await visit({ cookie })
        assert.equal(seen, fault)
        assert.equal(dataOf(store).user, 'bob')
        assert.deepEqual(errors, [fault])
      })
    })
  }

  it('gives the function what JSON makes of the three, and stores what JSON makes of its answer', async () => {
    const seen = []
    const concurrency = (...given) => {
      seen.push(given)
      return given[0] === 'gone' ? undefined : new Date(0)
    }
    const { store, cookie, visit } = await merge({ concurrency }, async (req, res) => {
      Object.assign(req.session, { when: new Date(1), gone: 1, same: new Date(5) })
      await req.session.save()
      stores(store, (stored) => Object.assign(stored, { when: { of: 'theirs' }, gone: 2 }))
      Object.assign(req.session, { when: new Date(2), gone: 3, same: new Date(5).toJSON() })
      await req.session.save()
      res.json([req.session.when, 'gone' in req.session])
    })
    const { body } = await visit({ cookie })
    const [one, two] = [new Date(1).toJSON(), new Date(2).toJSON()]
    assert.deepEqual(seen, [
      ['when', one, { of: 'theirs' }, two],
      ['gone', 1, 2, 3]
    ])
    assert.deepEqual(JSON.parse(body), [new Date(0).toJSON(), false])
    assert.equal(dataOf(store).when, new Date(0).toJSON())
    assert.equal('gone' in dataOf(store), false)
  })

  it('takes no other order of the keys within a value for a change of others', async () => {
    const concurrency = () => assert.fail('nobody else has changed it')
    const { store, cookie, visit, errors } = await merge({ concurrency }, async (req, res) => {
      req.session.cart = { apples: 1, pears: 2 }
      await req.session.save()
      stores(store, (stored) => (stored.cart = { pears: 2, apples: 1 }))
      req.session.cart.apples = 3
      res.end()
    })
    await visit({ cookie })
    assert.deepEqual(errors, [])
    assert.deepEqual(dataOf(store).cart, { apples: 3, pears: 2 })
  })

  it('keeps what the app has changed while it was being saved', async () => {
    const { store, cookie, visit } = await merge({}, async (req, res) => {
      stores(store, (stored) => Object.assign(stored, { theirs: 1, user: 'bob' }))
      req.session.added = 1
      const saved = req.session.save()
      req.session.added = 2
      req.session.user = 'eve'
      await saved
      const { added, user, theirs } = req.session
      res.json({ added, user, theirs })
    })
    const { body } = await visit({ cookie })
    assert.deepEqual(JSON.parse(body), { added: 2, user: 'eve', theirs: 1 })
    assert.deepEqual(dataOf(store), { user: 'eve', nested: { count: 0 }, theirs: 1, added: 2 })
  })

  it('stores what the session says when the response ends, after a save that is still under way', async () => {
    const { store, cookie, visit } = await merge({}, (req, res) => {
      stores(store, (stored) => (stored.theirs = 1))
      req.session.saved = 1
      void req.session.save()
      req.session.last = 2
      res.end()
      req.session.late = 3
    })
    await visit({ cookie })
    assert.deepEqual(dataOf(store), { user: 'ada', nested: { count: 0 }, theirs: 1, saved: 1, last: 2 })
  })

  it('keeps names that a session has for itself, and __proto__, as they are stored', async () => {
    const { store, cookie, visit, errors } = await merge({}, (req, res) => {
      const data = JSON.parse(store.sessions.id1)
      data.save = 'theirs'
      store.sessions.id1 = JSON.stringify(data).replace('{', '{"__proto__":{"polluted":true},')
      req.session.mine = 1
      res.end()
      assert.equal({}.polluted, undefined)
    })
    await visit({ cookie })
    assert.deepEqual(errors, [])
    assert.equal(dataOf(store).save, 'theirs')
    assert.match(store.sessions.id1, /"__proto__":\{"polluted":true\}/)
  })

  it('has saves and touches of one session done one after another, each in its own async context', async () => {
    const store = new HeldStore()
    const context = new AsyncLocalStorage()
    const contexts = []
    const { cookie, visit } = await merge({ store }, (req, res) =>
      context.run(req.url, async () => {
        await until(() => context.getStore() === req.url)
        if (req.url !== '/read') req.session[req.url] = true
        if (req.url === '/first') store.held = gate()
        await req.session.save()
        contexts.push([req.url, context.getStore()])
        res.end()
      })
    )
    const first = visit({ path: '/first', cookie })
    await until(() => store.held?.waiting)
    const { held } = store
    store.held = undefined
    const others = ['/second', '/read'].map((path) => visit({ path, cookie }))
    await until(() => store.calls.filter((call) => call === 'get id1').length === 4)
    assert.equal(store.calls.filter((call) => call.startsWith('set')).length, 0)
    held.open()
    await Promise.all([first, ...others])
    assert.deepEqual(
      contexts.map(([url, seen]) => url === seen),
      [true, true, true]
    )
    assert.deepEqual([dataOf(store)['/first'], dataOf(store)['/second']], [true, true])
  })

  it('with storeTimeout lets the others go on when the store does not answer', async () => {
    const store = new HeldStore()
    const { cookie, visit, errors } = await merge({ store, storeTimeout: 50 }, (req, res) => {
      req.session[req.url] = true
      if (req.url === '/first') store.held = gate()
      res.end()
    })
    const first = visit({ path: '/first', cookie })
    await until(() => store.held?.waiting)
    store.held = undefined
    await Promise.all([first, visit({ path: '/second', cookie })])
    assert.deepEqual(
      errors.map(({ code }) => code),
      ['ESTORETIMEOUT']
    )
    assert.equal(dataOf(store)['/second'], true)
  })

  it('asks the store once more for a save, and not with update', async () => {
    for (const [Store, expected] of [
      [JsonStore, ['get id1', 'get id1', 'set id1']],
      [UpdatingStore, ['get id1', 'update id1']]
    ]) {
      const { store, cookie, visit } = await merge({ store: new Store() }, (req, res) => {
        if (req.url === '/change') req.session.changed = true
        res.end()
      })
      await visit({ path: '/change', cookie })
      assert.deepEqual(store.takeCalls(), expected)
      await visit({ path: '/read', cookie })
      assert.deepEqual(store.takeCalls(), ['get id1', 'touch id1'])
    }
  })

  it('never lets a session get younger, and keeps what others remember with it', async () => {
    const options = { absoluteTimeout: 3_600_000 }
    const began = Date.now() - 60_000
    const { store, cookie, visit } = await merge(options, (req, res) => {
      stores(store, (stored) => (stored.__session = { createdAt: began, other: { remembers: 1 } }))
      req.session.changed = true
      res.end()
    })
    await visit({ cookie })
    assert.deepEqual(dataOf(store).__session, { createdAt: began, other: { remembers: 1 } })
    assert.equal(dataOf(store).changed, true)
  })

  it('writes nothing that is past its absolute timeout by what is stored', async () => {
    const { store, cookie, visit } = await merge({ absoluteTimeout: 3_600_000 }, (req, res) => {
      stores(store, (stored) => (stored.__session = { createdAt: 0 }))
      req.session.changed = true
      res.end()
    })
    await visit({ cookie })
    assert.equal(dataOf(store).changed, undefined)
  })

  it('is an error when an update does not ask for the change', async () => {
    const store = new JsonStore({ update: (sid, change, callback) => setImmediate(callback) })
    const { cookie, visit, errors } = await merge({ store }, (req, res) => {
      req.session.changed = true
      res.end()
    })
    await visit({ cookie })
    assert.match(errors[0].message, /store\.update\(\) has not asked for the change/)
  })

  it('stores the data of a session with a toJSON of its own', async () => {
    const { store, cookie, visit, errors } = await merge({}, (req, res) => {
      stores(store, (stored) => (stored.theirs = 1))
      req.session.secret = 'not stored'
      Object.defineProperty(req.session, 'toJSON', {
        value() {
          return { ...this, secret: undefined, made: true }
        }
      })
      res.end()
    })
    await visit({ cookie })
    assert.deepEqual(errors, [])
    assert.deepEqual(dataOf(store), { user: 'ada', nested: { count: 0 }, theirs: 1, made: true })
  })

  for (const concurrency of ['overwrite', true, null, {}]) {
    it(`is refused: ${JSON.stringify(concurrency)}`, () => {
      assert.throws(() => session({ secret: 'x', resave: false, saveUninitialized: false, concurrency }), {
        name: 'TypeError',
        message: /^concurrency option must be "merge" or a function, not /
      })
    })
  }
})

describe('MemoryStore#update', () => {
  const cookie = { originalMaxAge: null, expires: null }
  const promised = (store, ...args) =>
    new Promise((resolve, reject) => {
      store.update(...args, (error) => (error ? reject(error) : resolve()))
    })

  it('changes what is stored, makes what is not, and leaves all as it is for undefined', async () => {
    const store = new session.MemoryStore()
    await promised(store, 'a', (stored) => (stored ? assert.fail() : { cookie, user: 'ada' }))
    await promised(store, 'a', (stored) => ({ ...stored, more: 1 }))
    await promised(store, 'a', () => undefined)
    assert.deepEqual(JSON.parse(store.sessions.a), { cookie, user: 'ada', more: 1 })
  })

  it('finds nothing where a session has expired', async () => {
    const store = new session.MemoryStore()
    store.sessions.a = JSON.stringify({ cookie: { expires: new Date(0) }, user: 'ada' })
    await promised(store, 'a', (stored) => void assert.equal(stored, undefined))
    assert.equal(store.sessions.a, undefined)
  })

  for (const [name, decorate] of [
    ['as it is', (store) => store],
    [
      'with something around get and set',
      (store) => {
        const { get, set } = store
        store.get = (sid, callback) => setTimeout(() => get.call(store, sid, callback), Math.random() * 3)
        store.set = (sid, data, callback) => set.call(store, sid, { ...data, seen: true }, callback)
        return store
      }
    ],
    [
      'as a subclass with a get that gives a promise',
      () =>
        new (class extends session.MemoryStore {
          async get(sid) {
            await new Promise(setImmediate)
            return this.sessions[sid] && JSON.parse(this.sessions[sid])
          }
        })()
    ]
  ]) {
    it(`loses nothing in parallel, ${name}`, async () => {
      const store = decorate(new session.MemoryStore())
      await Promise.all(
        Array.from({ length: 30 }, (_, number) =>
          promised(store, 'a', (stored) => ({ cookie, ...stored, [`key${number}`]: 1 }))
        )
      )
      const keys = Object.keys(JSON.parse(store.sessions.a)).filter((key) => key.startsWith('key'))
      assert.equal(keys.length, 30)
    })

    it(`answers with what the change throws, ${name}`, async () => {
      const store = decorate(new session.MemoryStore())
      const fault = new Error('thrown by change')
      const change = () => {
        throw fault
      }
      await assert.rejects(promised(store, 'a', change), fault)
      assert.equal(store.sessions.a, undefined)
    })
  }
})
