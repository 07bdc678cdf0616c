'use strict'

// regenerate({ preserve }) keeps what is asked for under a new id, and with a grace the old id leads to it for that long,
// and opens nothing after that.

const assert = require('node:assert/strict')
const { createHash } = require('node:crypto')
const { subscribe, unsubscribe } = require('node:diagnostics_channel')
const { JsonStore, closeAll, gate, loggedIn, until } = require('../support/harness')
const { contentOf, grace, idIn, plainStore, renewing, stores, updatingStore } = require('./support/renewing')

/** Lets the clock of this process run so much ahead, until the test is over. */
function advance(ms) {
  const now = realNow
  Date.now = () => now() + ms
}
const realNow = Date.now

describe('regenerate({ preserve })', () => {
  afterEach(closeAll)

  it('keeps all data, and the cookie as the app has set it', async () => {
    const store = plainStore()
    const { ask, logIn, renew, visit } = await renewing({ store }, (req, res, path) => {
      if (path !== '/remember') return
      req.session.cookie.maxAge = 90_000
      req.session.isRemembered = true
    })
    const cookie = await logIn()
    await visit({ path: '/remember', cookie })
    const renewed = await renew(cookie, { preserve: true })
    assert.equal(renewed.setCookie.length, 1)
    assert.match(renewed.setCookie[0], /Expires=/)
    assert.notEqual(renewed.cookie, cookie)

    const { told } = await ask('/', renewed.cookie)
    assert.deepEqual([told.user, told.cart], ['ada', ['tea']])
    assert.equal(told.cookie.originalMaxAge, 90_000)
    assert.equal((await ask('/', cookie)).told.user, undefined)
    assert.deepEqual(Object.keys(store.sessions), ['id2'])
  })

  it('keeps the names of a list, and nothing else', async () => {
    const { ask, logIn, renew } = await renewing({ store: plainStore() })
    const renewed = await renew(await logIn(), { preserve: ['cart', 'none', 'id', 'req', '__proto__'] })
    const { told } = await ask('/', renewed.cookie)
    assert.deepEqual([told.user, told.cart, told.id], [undefined, ['tea'], 'id2'])
  })

  it('keeps nothing where nothing is asked for, as without options', async () => {
    for (const given of [{}, { preserve: false }, null, { preserve: [] }]) {
      const { ask, logIn, renew } = await renewing({ store: plainStore() })
      const { cookie } = await renew(await logIn(), given)
      const { told } = await ask('/', cookie)
      assert.deepEqual([told.user, told.cart, told.id], [undefined, undefined, 'id2'])
    }
  })

  it('keeps what the request has changed before, though it was not saved', async () => {
    const { ask, logIn, visit } = await renewing({ store: plainStore() }, async (req) => {
      req.session.step = 2
      await req.session.regenerate({ preserve: true })
    })
    const { cookie } = await visit({ path: '/own', cookie: await logIn() })
    assert.equal((await ask('/renew?{}', cookie)).told.step, undefined)
  })

  it('stores the new session before the old one goes, and once', async () => {
    const store = new JsonStore()
    const { logIn, renew } = await renewing({ store })
    const cookie = await logIn()
    store.takeCalls()
    await renew(cookie, { preserve: true })
    assert.deepEqual(store.takeCalls(), ['get id1', 'set id2', 'get id1', 'destroy id1'])
  })

  it('saves once more what the app changes after that', async () => {
    const store = new JsonStore()
    const { visit, cookie } = await loggedIn({ store }, async (req, res) => {
      await req.session.regenerate({ preserve: true })
      req.session.isAdmin = true
      res.end()
    })
    await visit({ cookie })
    assert.deepEqual(store.takeCalls(), ['get id1', 'set id2', 'get id1', 'destroy id1', 'set id2'])
    assert.equal(JSON.parse(store.sessions.id2).isAdmin, true)
  })

  it('is carried out, and its cookie sent, though nobody waits for it', async () => {
    const store = new JsonStore()
    const { visit, cookie } = await loggedIn({ store }, (req, res) => {
      req.session.regenerate({ preserve: true })
      req.session.isAdmin = true
      res.end()
    })
    const response = await visit({ cookie })
    assert.equal(idIn(response.cookie), 'id2')
    const stored = JSON.parse(store.sessions.id2)
    assert.deepEqual([stored.user, stored.isAdmin], ['ada', true])
    assert.deepEqual(Object.keys(store.sessions), ['id2'])
  })

  it('is one, and both hear of it, where the request asks for another one before it is carried out', async () => {
    const store = new JsonStore()
    const { visit, cookie } = await loggedIn({ store }, async (req, res) => {
      const both = [req.session.regenerate({ preserve: true }), req.session.regenerate({ preserve: true })]
      const { sessionID } = req
      await Promise.all(both)
      // By then there may be a further one.
      await req.session.regenerate({ preserve: true })
      res.json([sessionID, req.sessionID])
    })
    const response = await visit({ cookie })
    assert.deepEqual(JSON.parse(response.body), ['id2', 'id3'])
    assert.equal(idIn(response.cookie), 'id3')
    assert.deepEqual(Object.keys(store.sessions), ['id3'])
  })

  it('calls back, and returns the session, as regenerate() does', async () => {
    const { visit, cookie } = await loggedIn({}, (req, res) => {
      const { session: before } = req
      const returned = before.regenerate({ preserve: true }, (error) => {
        res.json({
          error,
          isSame: returned === before,
          isNew: req.session !== before,
          user: req.session.user
        })
      })
    })
    const { body } = await visit({ cookie })
    assert.deepEqual(JSON.parse(body), { isSame: true, isNew: true, user: 'ada' })
  })

  it('does not lengthen the absolute timeout, while regenerate() begins a new life', async () => {
    const store = plainStore()
    const { ask, logIn, renew } = await renewing({ store, absoluteTimeout: 60_000 })
    const cookie = await logIn()
    const { createdAt } = (await ask('/', cookie)).told
    try {
      advance(30_000)
      const all = await renew(cookie, { preserve: true })
      assert.equal((await ask('/', all.cookie)).told.createdAt, createdAt)
      const some = await renew(all.cookie, { preserve: ['cart'] })
      assert.equal((await ask('/', some.cookie)).told.createdAt, createdAt)
      const lived = await renew(some.cookie, grace)
      assert.equal((await ask('/', lived.cookie)).told.createdAt, createdAt)
      const none = await renew(lived.cookie, {})
      assert.notEqual((await ask('/', none.cookie)).told.createdAt, createdAt)

      const last = await renew((await ask('/login')).cookie, grace)
      advance(90_001)
      const { told } = await ask('/', last.cookie)
      assert.deepEqual([told.user, told.reason], [undefined, 'expired'])
    } finally {
      Date.now = realNow
    }
  })

  it('keeps what other additions remember with the session if all is kept, and else its beginning alone', async () => {
    const store = plainStore()
    const { logIn, renew } = await renewing({ store })
    const cookie = await logIn()
    const __session = { createdAt: 1, other: { some: 'thing' } }
    store.sessions.id1 = JSON.stringify({ ...JSON.parse(store.sessions.id1), __session })
    const all = await renew(cookie, grace)
    assert.deepEqual(JSON.parse(store.sessions.id2).__session, __session)
    await renew(all.cookie, { preserve: ['cart'] })
    assert.deepEqual(JSON.parse(store.sessions.id3).__session, { createdAt: 1 })
  })

  it('takes the same id twice, if genid gives it', async () => {
    const store = plainStore()
    const { ask, logIn, renew } = await renewing({ store, genid: () => 'only' })
    const cookie = await logIn()
    for (const given of [{ preserve: true }, grace]) assert.equal((await renew(cookie, given)).status, 200)
    assert.equal((await ask('/', cookie)).told.user, 'ada')
  })

  it('of a session without a response fails with ENORESPONSE', async () => {
    const store = plainStore()
    const { logIn } = await renewing({ store })
    await logIn()
    const loaded = await new Promise((resolve) => store.load('id1', (error, found) => resolve(found)))
    await assert.rejects(loaded.regenerate({ preserve: true }), { code: 'ENORESPONSE' })
    assert.equal(JSON.parse(store.sessions.id1).user, 'ada')
  })
})

describe('misuse of regenerate()', () => {
  const wrong = {
    'a preserve that is text': [{ preserve: 'cart' }, /^preserve option must be .*'cart'/],
    'a list of numbers': [{ preserve: [1] }, /^preserve option must be .*\[ 1 \]/],
    'a grace that is text': [{ preserve: true, grace: '9' }, /^grace option must be .*'9'/],
    'a grace of 0': [{ preserve: true, grace: 0 }, /^grace option must be .* 0$/],
    'a grace below 0': [{ preserve: true, grace: -5 }, /^grace option must be .* -5$/],
    'a grace without end': [{ preserve: true, grace: Infinity }, /^grace option must be .* Infinity$/],
    'a grace that is none': [{ preserve: true, grace: NaN }, /^grace option must be .* NaN$/],
    'a grace for a list': [{ preserve: ['cart'], grace: 9 }, /^grace option of 9 needs .*\[ 'cart' \]/],
    'a grace alone': [{ grace: 9 }, /^grace option of 9 needs the preserve option to be true, not undefined/],
    'a misspelt name': [
      { preserv: true },
      /^regenerate\(\) has the options preserve and grace, not 'preserv'/
    ],
    'options that are text': ['cart', /^regenerate\(\) options must be an object, not 'cart'/]
  }
  afterEach(closeAll)

  for (const [name, [given, message]] of Object.entries(wrong)) {
    it(`is a TypeError that names the option and the value: ${name}`, async () => {
      const { visit, cookie, store } = await loggedIn({}, async (req, res) => {
        const before = req.session
        const called = await new Promise((resolve) => before.regenerate(given, resolve))
        const rejected = await before.regenerate(given).catch((error) => error)
        for (const error of [called, rejected]) {
          assert.ok(error instanceof TypeError)
          assert.match(error.message, message)
        }
        assert.equal(req.session, before)
        res.end('as before')
      })
      assert.equal((await visit({ cookie })).body, 'as before')
      assert.deepEqual(Object.keys(store.sessions), ['id1'])
    })
  }
})

for (const [name, makeStore] of Object.entries(stores)) {
  describe(`the grace of a renewed id, on ${name}`, () => {
    afterEach(() => {
      Date.now = realNow
      return closeAll()
    })

    it('has the old id lead to the new session, which the response says', async () => {
      const store = makeStore()
      const { ask, logIn, renew } = await renewing({ store })
      const old = await logIn()
      const renewed = await renew(old, grace)
      assert.equal(idIn(renewed.cookie), 'id2')

      const { told, cookie } = await ask('/', old)
      assert.deepEqual([told.id, told.user, told.reason, told.isNew], ['id2', 'ada', 'found', false])
      assert.equal(cookie, renewed.cookie)
      assert.deepEqual((await ask('/', cookie)).setCookie, [])

      await ask('/write?seen', old)
      assert.equal((await ask('/', cookie)).told.seen, true)
      const { sessions, pointers } = contentOf(store)
      assert.deepEqual([Object.keys(sessions), Object.keys(pointers)], [['id2'], ['id1']])
    })

    it('leaves no data under the old id, the new one sealed, and an expiry', async () => {
      const store = makeStore()
      const { logIn, renew } = await renewing({ store, genid: ids('first-of-two', 'second-of-two') })
      await renew(await logIn(), grace)
      const text = store.sessions['first-of-two']
      const record = JSON.parse(text)
      assert.deepEqual(Object.keys(record), ['cookie', '__session'])
      assert.deepEqual(Object.keys(record.__session), ['pointer'])
      // What is sealed may have any three letters in it.
      assert.ok(!text.includes('second-of-two') && !/\bada\b/.test(text))
      assert.ok(Math.abs(Date.parse(record.cookie.expires) - Date.now() - grace.grace) < 5000)

      // The pointer opens with the id that it lies under, and with no other.
      store.sessions.stolen = text
      assert.equal(await loadFrom(store, 'stolen'), undefined)
      assert.equal((await loadFrom(store, 'first-of-two')).user, 'ada')
    })

    it('ends: after that the old id opens nothing', async () => {
      const store = makeStore()
      const { ask, logIn, renew } = await renewing({ store })
      const old = await logIn()
      const { cookie } = await renew(old, grace)
      advance(grace.grace - 1000)
      assert.equal((await ask('/', old)).told.user, 'ada')
      advance(grace.grace + 1)
      const { told } = await ask('/', old)
      assert.deepEqual([told.user, told.reason, told.isNew], [undefined, 'unknown', true])
      assert.notEqual(told.id, 'id2')
      assert.equal((await ask('/', cookie)).told.user, 'ada')
      assert.equal(await loadFrom(store, 'id1'), undefined)
    })

    it('has the requests beside go on with the new session: they write it, and their responses say it', async () => {
      const store = makeStore()
      const { ask, logIn, renew, slow, waiting } = await renewing({ store })
      const old = await logIn()
      const requests = ['/slow', '/slow/write?ended', '/slow/save?saved', '/slow/reload'].map((path) =>
        ask(path, old)
      )
      await waiting(4)
      const renewed = await renew(old, grace)
      slow.open()
      for (const { status, cookie } of await Promise.all(requests)) {
        assert.equal(status, 200)
        assert.equal(cookie, renewed.cookie)
      }
      const { sessions, pointers } = contentOf(store)
      assert.deepEqual([Object.keys(sessions), Object.keys(pointers)], [['id2'], ['id1']])
      assert.equal(sessions.id2.user, 'ada')
      assert.ok(sessions.id2.ended || sessions.id2.saved)
      assert.equal((await ask('/', old)).told.user, 'ada')
    })

    it('over, refuses what the requests beside would write', async () => {
      const store = makeStore()
      const { ask, errors, logIn, renew, slow, waiting } = await renewing({ store, rolling: true })
      const old = await logIn()
      const requests = ['/slow/write?late', '/slow/save?late'].map((path) => ask(path, old))
      await waiting(2)
      await renew(old, grace)
      advance(grace.grace + 1)
      slow.open()
      for (const { setCookie } of await Promise.all(requests)) assert.deepEqual(setCookie, [])
      assert.deepEqual(
        errors.map(({ code }) => code),
        ['ESESSIONENDED']
      )
      assert.equal(contentOf(store).sessions.id1, undefined)
      assert.equal(contentOf(store).sessions.id2.late, undefined)
      assert.equal((await ask('/', old)).told.user, undefined)
    })

    it('loses none of twenty requests of a page, of which one renews the id, and leaves one session', async () => {
      const store = makeStore()
      const { ask, logIn, renewPath } = await renewing({ store, saveUninitialized: true, rolling: true })
      const old = await logIn()
      const paths = Array.from({ length: 20 }, (_, i) => (i % 3 === 0 ? `/write?key${i}` : '/'))
      paths[7] = renewPath(grace)
      const responses = await Promise.all(paths.map((path) => ask(path, old)))
      for (const { told } of responses) assert.equal(told.user, 'ada')
      const { sessions } = contentOf(store)
      assert.equal(Object.keys(sessions).length, 1)
      const [id] = Object.keys(sessions)
      assert.equal(idIn(responses[7].cookie), id)
      for (const { cookie } of responses) assert.equal((await ask('/', cookie)).told.id, id)
    })

    it('has two tabs that renew at the same moment end in one session that both hold', async () => {
      const store = makeStore()
      const { ask, logIn, renewPath, slow, waiting } = await renewing({ store })
      const old = await logIn()
      const tabs = Array.from({ length: 5 }, () => ask(`/slow${renewPath(grace)}`, old))
      await waiting(5)
      slow.open()
      const cookies = new Set()
      for (const { told, cookie, setCookie } of await Promise.all(tabs)) {
        assert.equal(told.user, 'ada')
        assert.equal(setCookie.length, 1)
        cookies.add(cookie)
      }
      assert.equal(cookies.size, 1)
      assert.equal(Object.keys(contentOf(store).sessions).length, 1)
      assert.equal((await ask('/', [...cookies][0])).told.user, 'ada')
    })

    it('lets the second of two tabs take along what it has changed', async () => {
      const store = makeStore()
      const gates = gate()
      const { ask, logIn } = await renewing({ store }, async (req, res, path) => {
        if (path === '/see') return
        req.session[path.slice(1)] = true
        await new Promise((resolve) => gates.pass(resolve))
        await req.session.regenerate(grace)
      })
      const old = await logIn()
      const tabs = [ask('/one', old), ask('/two', old)]
      await until(() => gates.waiting === 2)
      gates.open()
      const [{ cookie }, second] = await Promise.all(tabs)
      assert.equal(second.cookie, cookie)
      const { told } = await ask('/see', cookie)
      assert.equal(told.user, 'ada')
      assert.ok(told.one || told.two)
    })

    for (const [who, presented] of [
      ['old', (old) => old],
      ['new', (old, renewed) => renewed]
    ]) {
      it(`ends with a logout by the ${who} id: neither opens anything any more`, async () => {
        const store = makeStore()
        const { ask, logIn, renew } = await renewing({ store })
        const old = await logIn()
        const { cookie } = await renew(old, grace)
        await ask('/logout', presented(old, cookie))
        for (const id of [old, cookie]) assert.equal((await ask('/', id)).told.reason, 'unknown')
        assert.deepEqual(contentOf(store).sessions, {})
      })
    }

    it('ends with the logout of a request that got the session before it was renewed', async () => {
      for (const path of ['/slow/logout', '/slow/restart']) {
        const store = makeStore()
        const { ask, logIn, renew, slow, waiting } = await renewing({ store })
        const old = await logIn()
        const logout = ask(path, old)
        await waiting(1)
        const { cookie } = await renew(old, grace)
        slow.open()
        assert.equal((await logout).status, 200)
        for (const id of [old, cookie]) assert.equal((await ask('/', id)).told.reason, 'unknown')
        assert.equal(
          Object.values(contentOf(store).sessions).some(({ user }) => user === 'ada'),
          false
        )
      }
    })

    it('goes on over a second renewal: the oldest id leads to the newest', async () => {
      const store = makeStore()
      const { ask, logIn, renew, slow, waiting } = await renewing({ store })
      const oldest = await logIn()
      const beside = ask('/slow/write?beside', oldest)
      await waiting(1)
      const { cookie: newer } = await renew(oldest, grace)
      const { cookie: newest } = await renew(newer, grace)
      slow.open()
      assert.equal((await beside).cookie, newest)
      for (const cookie of [oldest, newer]) {
        const { told, cookie: sent } = await ask('/', cookie)
        assert.deepEqual([told.id, told.beside, sent], ['id3', true, newest])
      }
      assert.equal((await loadFrom(store, 'id1')).user, 'ada')
    })

    it('has a renewal by an old id take the session as it is, and make no third', async () => {
      const store = makeStore()
      const { logIn, renew, slow, waiting, ask, renewPath } = await renewing({ store })
      const old = await logIn()
      const beside = ask(`/slow${renewPath(grace)}`, old)
      await waiting(1)
      const { cookie } = await renew(old, grace)
      await ask('/write?seen', cookie)
      slow.open()
      const { told, cookie: sent } = await beside
      assert.deepEqual([told.id, told.seen, sent], ['id2', true, cookie])
      assert.deepEqual(Object.keys(contentOf(store).sessions), ['id2'])
    })

    it('does not revive a session that has ended meanwhile', async () => {
      for (const given of [grace, { preserve: true }, { preserve: ['user'] }]) {
        const store = makeStore()
        const { ask, errors, logIn, renewPath, slow, waiting } = await renewing({ store })
        const old = await logIn()
        const beside = ask(`/slow${renewPath(given)}`, old)
        await waiting(1)
        await ask('/logout', old)
        slow.open()
        assert.equal((await beside).status, 500)
        assert.equal(errors[0].code, 'ESESSIONENDED')
        assert.deepEqual(contentOf(store), { sessions: {}, pointers: {} })
      }
    })
  })
}

describe('without a grace, as at login,', () => {
  afterEach(closeAll)

  for (const given of [{ preserve: true }, { preserve: ['cart'] }, undefined]) {
    it(`the old id opens nothing, and who is on the way with it writes nothing: ${JSON.stringify(given)}`, async () => {
      const store = plainStore()
      const { ask, errors, logIn, renew, slow, waiting, visit } = await renewing({ store })
      const old = await logIn()
      const beside = ['/slow/write?late', '/slow/save?late'].map((path) => ask(path, old))
      await waiting(2)
      const { cookie } = given ? await renew(old, given) : await visit({ path: '/restart', cookie: old })
      slow.open()
      for (const { setCookie } of await Promise.all(beside)) assert.deepEqual(setCookie, [])
      assert.deepEqual(
        errors.map(({ code }) => code),
        ['ESESSIONENDED']
      )
      assert.equal((await ask('/', old)).told.reason, 'unknown')
      assert.equal((await ask('/', cookie)).told.late, undefined)
      assert.deepEqual(Object.keys(store.sessions).sort(), ['id2'])
    })
  }
})

/** Gives these ids, one after the other. */
function ids(...given) {
  return () => given.shift()
}

function loadFrom(store, id) {
  return new Promise((resolve, reject) => {
    store.load(id, (error, found) => (error ? reject(error) : resolve(found ?? undefined)))
  })
}

describe('a renewed id beside other options', () => {
  afterEach(closeAll)

  it('has its cookie sent to who presents the old one, however seldom cookies are sent', async () => {
    const options = { rolling: true, touchInterval: 3_600_000, cookie: { maxAge: 7_200_000 } }
    const { ask, logIn, renew } = await renewing({ store: new JsonStore(), ...options })
    const old = await logIn()
    const { cookie } = await renew(old, grace)
    for (let i = 0; i < 3; i++) assert.equal((await ask('/', old)).cookie, cookie)
    assert.deepEqual((await ask('/', cookie)).setCookie, [])
  })

  it('is not sent over http where the cookie is for https', async () => {
    const { ask, logIn, renew } = await renewing({ store: plainStore() }, (req, res, path) => {
      if (path === '/secure') req.session.cookie.secure = req.session.isSecure = true
    })
    const old = await logIn()
    await ask('/secure', old)
    assert.deepEqual((await renew(old, grace)).setCookie, [])
    const { setCookie, told } = await ask('/', old)
    assert.deepEqual([setCookie, told.user], [[], 'ada'])
  })

  it('ends with unset: destroy, of a request by the old id and of one that had the session before', async () => {
    for (const isBeside of [false, true]) {
      const store = plainStore()
      const held = gate()
      const { ask, logIn, renew, visit } = await renewing(
        { store, unset: 'destroy' },
        async (req, res, path) => {
          if (path !== '/unset') return
          if (isBeside) await new Promise((resolve) => held.pass(resolve))
          req.session = null
          res.end('unset')
        }
      )
      const old = await logIn()
      const unset = isBeside && visit({ path: '/unset', cookie: old })
      if (isBeside) await until(() => held.waiting === 1)
      const { cookie } = await renew(old, grace)
      held.open()
      assert.equal((await (unset || visit({ path: '/unset', cookie: old }))).body, 'unset')
      for (const id of [old, cookie]) assert.equal((await ask('/', id)).told.reason, 'unknown')
    }
  })

  it('keeps the cookie as it was set if a list of names says so', async () => {
    const { ask, logIn, renew } = await renewing({ store: plainStore() }, (req, res, path) => {
      if (path === '/remember') Object.assign(req.session, { isRemembered: true }).cookie.maxAge = 90_000
    })
    const old = await logIn()
    await ask('/remember', old)
    const { cookie } = await renew(old, { preserve: ['cookie', 'cart'] })
    const { told } = await ask('/', cookie)
    assert.deepEqual([told.cookie.originalMaxAge, told.cart, told.user], [90_000, ['tea'], undefined])
  })

  it('is told to those who listen, by the ref of the id that was presented', async () => {
    const seen = []
    const listeners = ['load', 'save', 'regenerate', 'destroy'].map((action) => {
      const listener = ({ ref, outcome }) => seen.push([action, outcome, ref])
      subscribe(`express-session:${action}`, listener)
      return () => unsubscribe(`express-session:${action}`, listener)
    })
    try {
      const { ask, logIn, renew } = await renewing({ store: plainStore() })
      const old = await logIn()
      seen.length = 0
      await renew(old, grace)
      await ask('/', old)
      assert.deepEqual(seen, [
        ['load', 'found', refOf('id1')],
        ['save', 'done', refOf('id2')],
        ['regenerate', 'done', refOf('id1')],
        ['load', 'found', refOf('id1')]
      ])
    } finally {
      listeners.forEach((stop) => stop())
    }
  })

  it('costs the store as many calls as the docs say', async () => {
    for (const [makeStore, given, calls] of [
      [plainStore, { preserve: true }, ['set id2', 'get id1', 'destroy id1']],
      [plainStore, grace, ['set id2', 'get id1', 'set id1', 'get id1']],
      [updatingStore, grace, ['set id2', 'update id1']]
    ]) {
      const store = makeStore()
      const { ask, logIn, renew } = await renewing({ store })
      const old = await logIn()
      store.takeCalls()
      await renew(old, given)
      assert.deepEqual(store.takeCalls(), ['get id1', ...calls])
      await ask('/', old)
      if (given === grace) assert.deepEqual(store.takeCalls(), ['get id1', 'get id2'])
    }
  })
})

function refOf(id) {
  return createHash('sha256').update(id).digest('hex').slice(0, 16)
}
