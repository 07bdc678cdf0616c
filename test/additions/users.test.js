'use strict'

// With the option `user` an app knows the sessions of each of its users, and can end them: one, all, or all but this one.

const assert = require('node:assert/strict')
const { createHash } = require('node:crypto')
const { JsonStore, closeAll, gate, serve, session, until, usual } = require('../support/harness')
const { MemoryStore } = session

const USER = { user: ({ user }) => user }
const recordKey = (user) => `user-${createHash('sha256').update(user).digest('base64url')}`

const stores = {
  'a MemoryStore, which has update': () => new MemoryStore(),
  'a store with get, set and destroy': () => new JsonStore({ touch: undefined }),
  'a store with touch': () => new JsonStore(),
  'a store that says OK to each write': () => new TalkativeStore()
}

/** Many stores hand on what their server has said. */
class TalkativeStore extends JsonStore {
  set(sid, session, callback) {
    super.set(sid, session, (error) => callback(error, 'OK'))
  }

  touch(sid, session, callback) {
    super.touch(sid, session, (error) => callback(error, 1))
  }

  destroy(sid, callback) {
    super.destroy(sid, (error) => callback(error, 1))
  }
}

/** An app with a middleware that knows its users, and what visitors do there. */
async function shop(options) {
  let users
  const served = await serve({ ...USER, ...options, genid: undefined }, async (req, res) => {
    const [, action, name] = req.path.split('/')
    if (action === 'login') {
      await req.session.regenerate()
      req.session.user = name
    }
    if (action === 'logout') await req.session.destroy()
    if (action === 'renew') await req.session.regenerate({ preserve: true, grace: 10_000 })
    if (action === 'keep') await req.session.regenerate({ preserve: ['user'] })
    if (action === 'leave') req.session.user = undefined
    if (action === 'become') req.session.user = name
    if (action === 'write') req.session.n = (req.session.n ?? 0) + 1
    if (action === 'end')
      return res.json(await users.endSessionsOf(name, JSON.parse(req.query.which ?? '{}')))
    if (action === 'others') return res.json(await users.endSessionsOf(name, { except: req }))
    if (action === 'ref') return res.end(users.refOf(req))
    res.end(String(req.session?.user))
  })
  users = served.middleware
  const go = async (path, cookie, headers) => (await served.visit({ path, cookie, headers })).body
  const login = async (name, headers) => (await served.visit({ path: `/login/${name}`, headers })).cookie
  const list = (name) => users.sessionsOf(name)
  return { ...served, go, login, list, users: () => users }
}

/** The same, with its requests, and what stands for one of a visitor. */
async function withRequests(options) {
  const requests = []
  const user = ({ req, user: name }) => {
    requests.push(req)
    return name
  }
  const served = await shop({ ...options, user })
  const ask = (cookie) => ({ sessionID: decodeURIComponent(cookie).match(/=s:(.*)\./)[1], headers: {} })
  return { ...served, ask, requests }
}

afterEach(closeAll)

for (const [storeName, makeStore] of Object.entries(stores)) {
  describe(`the sessions of a user, on ${storeName}`, () => {
    it('are listed, newest first, as they were at login', async () => {
      const { login, list, go } = await shop({ store: makeStore() })
      const phone = await login('ada', { 'user-agent': 'Phone ' + 'x'.repeat(300) })
      const laptop = await login('ada', { 'user-agent': 'Laptop' })
      await login('grace')
      await go('/read', phone, { 'user-agent': 'Another' })

      const sessions = await list('ada')
      assert.deepEqual(
        sessions.map(({ userAgent, ip }) => [userAgent.slice(0, 6), userAgent.length, ip]),
        [
          ['Laptop', 6, '127.0.0.1'],
          ['Phone ', 256, '127.0.0.1']
        ]
      )
      assert.deepEqual(
        sessions.map(({ ref }) => ref),
        [await go('/ref', laptop), await go('/ref', phone)]
      )
      for (const { createdAt, lastSeenAt } of sessions) {
        assert.ok(createdAt instanceof Date && lastSeenAt instanceof Date)
        assert.ok(lastSeenAt >= createdAt && lastSeenAt <= new Date())
      }
      assert.equal((await list('grace')).length, 1)
      assert.deepEqual(await list('nobody'), [])
    })

    it('end: all, all but this one, or one', async () => {
      const { login, list, go, users } = await shop({ store: makeStore() })
      const [one, two, three] = [await login('ada'), await login('ada'), await login('ada')]
      const grace = await login('grace')

      const { ref } = (await list('ada'))[1]
      assert.equal(await go(`/end/ada?which=${encodeURIComponent(JSON.stringify({ ref }))}`, grace), '1')
      assert.deepEqual(
        [await go('/', one), await go('/', two), await go('/', three)],
        ['ada', 'undefined', 'ada']
      )

      assert.equal(await go('/others/ada', three), '1')
      assert.deepEqual([await go('/', one), await go('/', three)], ['undefined', 'ada'])

      assert.equal(await users().endSessionsOf('ada'), 1)
      assert.equal(await go('/', three), 'undefined')
      assert.equal(await users().endSessionsOf('ada'), 0)
      assert.deepEqual(await list('ada'), [])
      assert.equal(await go('/', grace), 'grace')
    })

    it('are none any more after logout, after regenerate, and when somebody else logs in', async () => {
      const { login, list, go } = await shop({ store: makeStore() })
      const one = await login('ada')
      await go('/logout', one)
      assert.deepEqual(await list('ada'), [])

      const two = await login('ada')
      await go('/become/grace', two)
      assert.deepEqual([(await list('ada')).length, (await list('grace')).length], [0, 1])
      await go('/become/', two)
      assert.deepEqual(await list('grace'), [])
    })

    it('are found that were stored before the option was switched on', async () => {
      const store = makeStore()
      const before = await shop({ store, user: undefined })
      const cookie = await before.login('ada')
      const { list, go } = await shop({ store })
      assert.deepEqual(await list('ada'), [])
      await go('/read', cookie)
      assert.equal((await list('ada')).length, 1)
    })

    it('are at most maxSessions: the oldest end', async () => {
      const { login, list, go } = await shop({ store: makeStore(), maxSessions: 2 })
      const cookies = [await login('ada'), await login('ada'), await login('ada')]
      assert.equal((await list('ada')).length, 2)
      const seen = []
      for (const cookie of cookies) seen.push(await go('/', cookie))
      assert.deepEqual(seen, ['undefined', 'ada', 'ada'])
    })

    for (const onTooManySessions of ['end-oldest', 'refuse']) {
      it(`are no more when one gets a new id and keeps its user, at maxSessions, with '${onTooManySessions}'`, async () => {
        const limit = { maxSessions: 2, onTooManySessions }
        const { go, list, login, users, visit } = await shop({ store: makeStore(), ...limit })
        const phone = await login('ada')
        const laptop = await login('ada', { 'user-agent': 'Old' })
        const before = await list('ada')
        const headers = { 'user-agent': 'New' }
        const { cookie, status } = await visit({ path: '/keep', cookie: laptop, headers })
        assert.equal(status, 200)
        for (const id of [phone, cookie]) assert.equal(await go('/read', id), 'ada')
        assert.equal(await go('/read', laptop), 'undefined')

        const [renewed, oldest] = await list('ada')
        assert.equal((await list('ada')).length, 2)
        assert.deepEqual(oldest.ref, before[1].ref)
        assert.deepEqual([renewed.userAgent, renewed.createdAt], ['New', before[0].createdAt])
        assert.equal(await users().endSessionsOf('ada', { ref: renewed.ref }), 1)
        assert.equal(await go('/read', cookie), 'undefined')
      })
    }

    for (const which of ['ref', 'except', 'except, by the new id']) {
      it(`are ended, or kept, with what they are becoming while their id is renewed: ${which}`, async () => {
        const store = makeStore()
        const { ask, list, login, requests, users, visit } = await withRequests({ store })
        const visitor = await login('ada')
        const another = await login('ada')
        const before = (await list('ada')).map((entry) => entry.ref)
        const ref = before[1]

        const held = gate()
        const method = store.update ? 'update' : 'set'
        const write = store[method]
        store[method] = (sid, ...args) => {
          const isPointer = method === 'update' ? !sid.startsWith('user-') : args[0].__session?.pointer
          if (!isPointer) return write.call(store, sid, ...args)
          store[method] = write
          return held.pass(() => write.call(store, sid, ...args))
        }
        const renewal = visit({ path: '/renew', cookie: visitor })
        await until(() => held.waiting === 1)
        // The pointer is made when the sessions have been looked for, and just before they end.
        const { destroy } = store
        store.destroy = (...args) => {
          store.destroy = destroy
          held.open()
          setImmediate(() => destroy.apply(store, args))
        }
        const [{ ref: newRef }] = (await list('ada')).filter((entry) => !before.includes(entry.ref))
        const renewing =
          which === 'except' ? ask(visitor) : requests.find((req) => users().refOf(req) === newRef)
        const ended = await users().endSessionsOf('ada', which === 'ref' ? { ref } : { except: renewing })
        const { cookie } = await renewal
        assert.equal(ended, 1)
        const open = []
        for (const id of [visitor, cookie, another])
          open.push((await visit({ path: '/read', cookie: id })).body)
        assert.deepEqual(
          open,
          which === 'ref' ? ['undefined', 'undefined', 'ada'] : ['ada', 'ada', 'undefined']
        )
      })
    }

    it("are at most maxSessions: with 'refuse' the save fails, until there is room", async () => {
      const store = makeStore()
      const { login, list, go, errors, visit } = await shop({
        store,
        maxSessions: 1,
        onTooManySessions: 'refuse'
      })
      const one = await login('ada')
      const refused = await visit({ path: '/login/ada' })
      assert.deepEqual(
        errors.map(({ code }) => code),
        ['ETOOMANYSESSIONS']
      )
      assert.equal(await go('/', refused.cookie), 'undefined')
      await go('/write', one)
      assert.equal((await list('ada')).length, 1)

      await go('/logout', one)
      const two = await login('ada')
      assert.equal(await go('/', two), 'ada')
    })

    it('leave room when the store has lost one', async () => {
      const store = makeStore()
      const { login, list, go } = await shop({ store, maxSessions: 2 })
      const one = await login('ada')
      const two = await login('ada')
      const lost = decodeURIComponent(two.split('=')[1]).slice(2).split('.')[0]
      delete store.sessions[lost]
      const three = await login('ada')
      assert.deepEqual([await go('/', one), await go('/', three)], ['ada', 'ada'])
      assert.equal((await list('ada')).length, 2)
    })

    it('are in a record that names nobody, and opens nothing', async () => {
      const store = makeStore()
      const { login, go } = await shop({ store })
      const cookie = await login('lovelace')
      const record = JSON.parse(store.sessions[recordKey('lovelace')])
      assert.doesNotMatch(JSON.stringify(record), /lovelace/)
      assert.deepEqual(Object.keys(record), ['cookie', 'sessions'])
      assert.ok(await go('/', cookie))
    })

    it('come back to a record that was lost, with the next save', async () => {
      const store = makeStore()
      const { login, list, go } = await shop({ store })
      const cookie = await login('ada', { 'user-agent': 'Phone' })
      delete store.sessions[recordKey('ada')]
      assert.deepEqual(await list('ada'), [])
      await go('/write', cookie)
      const [{ userAgent }] = await list('ada')
      assert.equal(userAgent, 'Phone')
    })

    it('do not come back by requests that are in flight when they end', async () => {
      const store = makeStore()
      let wait
      const held = new Promise((resolve) => (wait = resolve))
      let arrived
      const there = new Promise((resolve) => (arrived = resolve))
      const served = await serve({ ...USER, store, genid: undefined }, async (req, res) => {
        if (req.path === '/login') req.session.user = 'ada'
        if (req.path === '/slow') {
          arrived()
          await held
          req.session.late = true
        }
        res.end(String(req.session.user))
      })
      const users = served.middleware
      const { cookie } = await served.visit({ path: '/login' })
      const slow = served.visit({ path: '/slow', cookie })
      await there
      assert.equal(await users.endSessionsOf('ada'), 1)
      wait()
      await slow
      assert.equal((await served.visit({ cookie })).body, 'undefined')
      assert.deepEqual(await users.sessionsOf('ada'), [])
    })
  })
}

describe('the option user', () => {
  it('keeps the records where userIndex says', async () => {
    const store = new JsonStore()
    const userIndex = new MemoryStore()
    const { login, list } = await shop({ store, userIndex })
    await login('ada')
    assert.deepEqual(Object.keys(userIndex.sessions), [recordKey('ada')])
    assert.equal(Object.keys(store.sessions).length, 1)
    assert.equal((await list('ada')).length, 1)
  })

  it('has the record expire with the last of its sessions', async () => {
    const store = new MemoryStore()
    const { login } = await shop({ store, cookie: { maxAge: 60_000 } })
    await login('ada')
    const { cookie, sessions } = JSON.parse(store.sessions[recordKey('ada')])
    assert.equal(new Date(cookie.expires).getTime(), sessions[0].expires)
  })

  it('has the record end with the absolute timeout, where cookies have no end', async () => {
    const store = new MemoryStore()
    const { login, go } = await shop({ store, absoluteTimeout: 60_000 })
    const visitor = await login('ada')
    await go('/write', visitor)
    const { cookie, sessions } = JSON.parse(store.sessions[recordKey('ada')])
    assert.equal(new Date(cookie.expires).getTime(), sessions[0].createdAt + 60_000)
  })

  for (const [what, options] of Object.entries({
    'a session': {},
    'a session that is seldom touched': { touchInterval: 60_000 },
    'a session under a hashed id': { touchInterval: 60_000, hashSessionIds: true },
    'an encrypted session': { touchInterval: 60_000, encryption: 'a'.repeat(64) }
  })) {
    it(`keeps the record in a full MemoryStore while ${what} is in use`, async () => {
      const store = new MemoryStore({ max: 6 })
      const cookie = { maxAge: 600_000 }
      const { login, go, list, users } = await shop({ store, cookie, ...options })
      const visitor = await login('ada')
      for (let i = 0; i < 12; i++) {
        assert.equal(await go('/read', visitor), 'ada')
        if (i % 2) await go('/write')
        else await login(`visitor-${i}`)
        assert.ok(Object.keys(store.sessions).length <= 6)
      }
      assert.equal((await list('ada')).length, 1)
      assert.equal(await users().endSessionsOf('ada'), 1)
      assert.equal(await go('/read', visitor), 'undefined')
    })
  }

  it('lets the record go from a full MemoryStore when all of its sessions have gone', async () => {
    const store = new MemoryStore({ max: 4 })
    const { login, go } = await shop({ store })
    await login('ada')
    await login('ada')
    for (let i = 0; i < 3; i++) {
      await go('/write')
      // Two sessions of the user were there, and the record: each newcomer takes a session first.
      assert.equal(recordKey('ada') in store.sessions, true)
    }
    for (let i = 0; i < 2; i++) await go('/write')
    assert.equal(recordKey('ada') in store.sessions, false)
  })

  it('names a session that is only ever touched, though its record was lost', async () => {
    const store = new JsonStore()
    const { login, go, list } = await shop({ store })
    const visitor = await login('ada')
    delete store.sessions[recordKey('ada')]
    await go('/read', visitor)
    assert.equal((await list('ada')).length, 1)
  })

  it('names a session that somebody looked for before it was stored', async () => {
    const store = new MemoryStore()
    const { set } = store
    let looked
    const { login, list } = await shop({ store })
    store.set = async (...args) => {
      if (!looked) looked = await list('ada')
      set.apply(store, args)
    }
    await login('ada')
    assert.deepEqual(looked, [])
    assert.equal((await list('ada')).length, 1)
  })

  it('lets no change be lost between two middlewares of one process', async () => {
    const store = new JsonStore()
    const shops = [await shop({ store }), await shop({ store })]
    const logins = Array.from({ length: 20 }, (_, number) => shops[number % 2].login('ada'))
    await Promise.all(logins)
    assert.equal((await shops[0].list('ada')).length, 20)
  })

  for (const update of [true, false]) {
    it(`ends a session whose id is renewed meanwhile in another process, ${update ? 'with' : 'without'} update`, async () => {
      // Two stores with the same sessions are what two processes have.
      const [here, there] = [new MemoryStore(), new MemoryStore()]
      there.sessions = here.sessions
      if (!update) here.update = there.update = undefined
      const { login, users, list } = await shop({ store: here })
      const other = await shop({ store: there })
      const [visitor, unaware] = [await login('ada'), await login('ada')]
      const [, { ref }] = await list('ada')

      const { destroy } = here
      let renewed
      here.destroy = async (...args) => {
        renewed ??= (await other.visit({ path: '/renew/', cookie: visitor })).cookie
        destroy.apply(here, args)
      }
      assert.equal(await users().endSessionsOf('ada', { ref }), 1)
      assert.ok(renewed && renewed !== visitor)
      for (const cookie of [visitor, renewed]) assert.equal(await other.go('/', cookie), 'undefined')
      assert.equal(await other.go('/', unaware), 'ada')
      assert.equal((await list('ada')).length, 1)
    })
  }

  it("forgets a session that is nobody's any more, though that was not stored at once", async () => {
    const store = new JsonStore()
    const { go, list, login, visit } = await shop({ store })
    const visitor = await login('ada')
    const { set } = store
    store.set = (...args) => {
      store.set = set
      setImmediate(args.at(-1), new Error('the store is tired'))
    }
    await visit({ path: '/leave', cookie: visitor })
    assert.equal(await go('/read', visitor), 'ada')
    await go('/leave', visitor)
    assert.deepEqual(await list('ada'), [])
  })

  it('reports what the index refuses at login, and nothing is stored', async () => {
    const store = new JsonStore()
    const userIndex = new JsonStore({
      set: (id, record, callback) => setImmediate(callback, new Error('down'))
    })
    const { visit, errors } = await shop({ store, userIndex })
    await visit({ path: '/login/ada' })
    assert.deepEqual(
      errors.map(({ message }) => message),
      ['down']
    )
    assert.deepEqual(store.sessions, {})
  })

  it('reports what the function of the app throws', async () => {
    const { visit, errors } = await shop({
      store: new JsonStore(),
      user: () => {
        throw new Error('no such user')
      }
    })
    await visit({ path: '/write' })
    assert.deepEqual(
      errors.map(({ message }) => message),
      ['no such user']
    )
  })

  it('works on a store that says ENOENT where there is nothing', async () => {
    const none = Object.assign(new Error('no such file'), { code: 'ENOENT' })
    const store = new JsonStore()
    const { get } = store
    store.get = function (sid, callback) {
      get.call(this, sid, (error, found) => (found ? callback(null, found) : callback(none)))
    }
    const { login, list, go, users, errors } = await shop({ store })
    assert.deepEqual(await list('ada'), [])
    const cookie = await login('ada')
    assert.equal(await go('/', cookie), 'ada')
    assert.equal((await list('ada')).length, 1)
    assert.equal(await users().endSessionsOf('ada'), 1)
    assert.deepEqual([await go('/', cookie), errors], ['undefined', []])
  })

  for (const [what, given] of Object.entries({
    'an object': { id: 1 },
    'a promise': Promise.reject(new Error('later'))
  })) {
    it(`refuses ${what} for a user id, and nothing is stored`, async () => {
      const store = new JsonStore()
      const { visit, errors } = await shop({ store, user: () => given })
      await visit({ path: '/write' })
      assert.match(errors[0].message, /user id must be text/)
      assert.deepEqual(store.sessions, {})
    })
  }

  it('ends nothing where nobody has been named', async () => {
    const { login, list, users } = await shop({ store: new JsonStore() })
    await login('ada')
    const wrong = [{ ref: '' }, { ref: 5 }, { except: {} }, { excpt: {} }]
    const shapeless = [null, 'ref', [], ['ref'], new Date(), new Map([['ref', 'x']]), () => ({})]
    for (const which of [...wrong, { except: null }, { except: 5 }, ...shapeless]) {
      await assert.rejects(users().endSessionsOf('ada', which), TypeError)
    }
    await assert.rejects(users().endSessionsOf(undefined), TypeError)
    await assert.rejects(users().sessionsOf(), {
      name: 'TypeError',
      message: 'a user id must be text: the app has given a value of type undefined'
    })
    assert.equal((await list('ada')).length, 1)
  })

  it('is needed by who asks', async () => {
    const middleware = session(usual)
    await assert.rejects(middleware.sessionsOf('ada'), /user option/)
    await assert.rejects(middleware.endSessionsOf('ada'), /user option/)
    assert.equal(middleware.refOf({}), undefined)
    assert.throws(() => middleware.refOf(), {
      name: 'TypeError',
      message: 'refOf takes a request, not undefined'
    })
  })

  for (const [name, options, message] of [
    ['a user that is no function', { user: 'ada' }, /user option must be a function, not 'ada'/],
    ['a userIndex that is no store', { ...USER, userIndex: 5 }, /userIndex option must be a store, not 5/],
    [
      'no number of sessions',
      { ...USER, maxSessions: 0 },
      /maxSessions option must be a positive integer, not 0/
    ],
    ['half a session', { ...USER, maxSessions: 1.5 }, /maxSessions option .* not 1.5/],
    [
      'an unknown answer to too many',
      { ...USER, onTooManySessions: 'no' },
      /onTooManySessions option must be "end-oldest" or "refuse", not 'no'/
    ],
    ['maxSessions alone', { maxSessions: 5 }, /maxSessions option needs the user option/]
  ]) {
    it(`is a TypeError with ${name}`, () => {
      assert.throws(() => session({ ...usual, ...options }), { name: 'TypeError', message })
    })
  }
})
