'use strict'

// The options about when a session ends, and about a store that is slow, gone or watched, work together: each pair of them. So do
// they with those about the data.

const assert = require('node:assert/strict')
const { randomBytes } = require('node:crypto')
const diagnostics = require('node:diagnostics_channel')
const { JsonStore, closeAll, gate, serve, session, until } = require('../support/harness')
const { stopClock } = require('../support/clock')
const { ExpiringStore } = require('../support/stores')

const MINUTE = 60 * 1000
const HOUR = 60 * MINUTE
const NOW = Date.UTC(2030, 0, 1)
/** A time that a store which answers at all does not take. */
const SOON = 50
const DISCONNECTED =
  'Error page: the session store is disconnected. See docs/troubleshooting.md#estoredisconnected'

let clock

/** An app that says whose session a request has, and why; `ask()` as a visitor who has logged in NOW. */
async function app(options, handler = () => {}) {
  const store = options.store ?? new ExpiringStore()
  const served = await serve({ ...options, store }, async (req, res) => {
    if (req.url.startsWith('/login')) req.session.user = req.url.slice('/login/'.length)
    await handler(req, res)
    res.json({ user: req.session?.user, reason: session.infoOf(req)?.reason })
  })
  const ask = async (cookie, path) => {
    const response = await served.visit({ cookie, path })
    return { ...response, says: response.status === 200 ? JSON.parse(response.body) : response.body }
  }
  const login = async (name = 'ada') => (await served.visit({ path: `/login/${name}` })).cookie
  const cookie = await login()
  store.takeCalls?.()
  return { ...served, store, cookie, ask, login }
}

const expiresIn = ({ setCookie }) => Date.parse(/Expires=([^;]*)/.exec(setCookie[0])?.[1])

/** Holds a method of a store; what was asked goes on when the gate is opened. */
function hold(store, method) {
  const held = gate()
  store[method] = function (...args) {
    this.calls.push(`${method} ${args[0]}`)
    held.pass(() => Object.getPrototypeOf(store)[method].apply(this, args))
  }
  return { open: held.open, release: () => delete store[method] }
}

const listening = []

/** What is published from now on: each time what was published since the last one. */
function listen() {
  const messages = []
  for (const action of ['load', 'save', 'touch', 'destroy', 'regenerate']) {
    const name = `express-session:${action}`
    const subscriber = ({ outcome, error, duration }) => {
      messages.push([action, outcome, error?.code].filter(Boolean).join(' '))
      if (error) assert.ok(duration >= 0)
    }
    diagnostics.subscribe(name, subscriber)
    listening.push(() => diagnostics.unsubscribe(name, subscriber))
  }
  return () => messages.splice(0)
}

describe('together', () => {
  beforeEach(() => (clock = stopClock()))
  afterEach(() => {
    clock.restore()
    for (const unsubscribe of listening.splice(0)) unsubscribe()
    return closeAll()
  })

  it('absoluteTimeout and touchInterval: touched as seldom, told the end at the latest, and no more after it', async () => {
    const options = { absoluteTimeout: 2 * HOUR, touchInterval: 30 * MINUTE, cookie: { maxAge: HOUR } }
    const { store, ask, cookie } = await app(options)
    let touches = 0
    while (Date.now() < NOW + 2 * HOUR - 5 * MINUTE) {
      clock.tick(5 * MINUTE)
      assert.equal((await ask(cookie)).says.user, 'ada')
      touches += store.takeCalls().filter((call) => call.startsWith('touch')).length
      assert.ok(Date.parse(store.cookieOf('id1').expires) <= NOW + 2 * HOUR)
    }
    assert.equal(touches, 3)
    clock.tick(5 * MINUTE)
    assert.deepEqual((await ask(cookie)).says, { reason: 'expired' })
    assert.equal(store.sessions.id1, undefined)
  })

  it('absoluteTimeout and touchInterval: the save of a session from before counts as its touch', async () => {
    const options = { absoluteTimeout: 2 * HOUR, touchInterval: 5 * MINUTE, cookie: { maxAge: HOUR } }
    const { store, ask, cookie } = await app(options)
    store.sessions.id1 = JSON.stringify({ ...store.stored('id1'), __session: undefined })
    clock.tick(6 * MINUTE)
    for (const calls of [['get id1', 'set id1'], ['get id1']]) {
      await ask(cookie)
      assert.deepEqual(store.takeCalls(), calls)
    }
  })

  it('absoluteTimeout and storeTimeout: who has an overdue session waits no longer for its destroy', async () => {
    const { store, ask, cookie, errors } = await app({
      store: new JsonStore(),
      absoluteTimeout: HOUR,
      storeTimeout: SOON
    })
    clock.tick(HOUR)
    const destroy = hold(store, 'destroy')
    assert.deepEqual((await ask(cookie)).says, { reason: 'expired' })
    assert.equal(errors[0].code, 'ESTORETIMEOUT')
    destroy.release()
    // It is found again, and was to be destroyed: so it is.
    assert.deepEqual((await ask(cookie)).says, { reason: 'expired' })
    await until(() => store.sessions.id1 === undefined)
  })

  for (const [value, meanwhile] of [
    ['skip', {}],
    ['error', DISCONNECTED]
  ]) {
    it(`absoluteTimeout and onDisconnect: '${value}': the time goes on meanwhile`, async () => {
      const { store, ask, cookie } = await app({ absoluteTimeout: HOUR, onDisconnect: value })
      store.emit('disconnect')
      clock.tick(HOUR)
      assert.deepEqual((await ask(cookie)).says, meanwhile)
      store.emit('connect')
      assert.deepEqual((await ask(cookie)).says, { reason: 'expired' })
    })

    it(`touchInterval and onDisconnect: '${value}': what has not reached the store is no touch`, async () => {
      const options = { touchInterval: 5 * MINUTE, cookie: { maxAge: HOUR }, onDisconnect: value }
      const { store, ask, cookie } = await app(options)
      clock.tick(5 * MINUTE)
      store.emit('disconnect')
      await ask(cookie)
      assert.deepEqual(store.takeCalls(), [])
      store.emit('connect')
      await ask(cookie)
      assert.deepEqual(store.takeCalls(), ['get id1', 'touch id1'])
    })

    it(`storeTimeout and onDisconnect: '${value}': a store that says it is gone is not waited for`, async () => {
      const { store, ask, cookie, errors } = await app({ storeTimeout: SOON, onDisconnect: value })
      const get = hold(store, 'get')
      await ask(cookie)
      assert.equal(errors[0].code, 'ESTORETIMEOUT')
      assert.deepEqual(store.takeCalls(), ['get id1'])
      store.emit('disconnect')
      assert.deepEqual((await ask(cookie)).says, meanwhile)
      assert.deepEqual(store.takeCalls(), [])
      get.release()
      store.emit('connect')
      assert.equal((await ask(cookie)).says.user, 'ada')
    })

    it(`max and onDisconnect: '${value}': none is ended by requests that have no session`, async () => {
      const store = new session.MemoryStore({ max: 1 })
      const { ask, cookie } = await app({ store, onDisconnect: value })
      store.emit('disconnect')
      for (let i = 0; i < 3; i++) assert.deepEqual((await ask(cookie)).says, meanwhile)
      store.emit('connect')
      assert.equal((await ask(cookie)).says.user, 'ada')
    })

    it(`rolling and onDisconnect: '${value}': no cookie goes out, and the next one does`, async () => {
      const { store, ask, cookie } = await app({
        rolling: true,
        cookie: { maxAge: HOUR },
        onDisconnect: value
      })
      store.emit('disconnect')
      assert.deepEqual((await ask(cookie)).setCookie, [])
      store.emit('connect')
      assert.equal(expiresIn(await ask(cookie)), NOW + HOUR)
    })
  }

  it('absoluteTimeout and max: what went for others before its end is unknown, and not expired', async () => {
    const store = new session.MemoryStore({ max: 1 })
    const { ask, cookie, login } = await app({ store, absoluteTimeout: HOUR })
    const other = await login('bob')
    assert.deepEqual((await ask(cookie)).says, { reason: 'unknown' })
    assert.equal((await ask(other)).says.user, 'bob')
    clock.tick(HOUR)
    assert.deepEqual((await ask(other)).says, { reason: 'expired' })
    // What is past its end makes room by itself.
    await login('eve')
    assert.deepEqual(
      Object.values(store.sessions).map((json) => JSON.parse(json).user),
      ['eve']
    )
  })

  it('absoluteTimeout and rolling: the cookie is renewed, but not beyond the end', async () => {
    const { ask, cookie } = await app({
      absoluteTimeout: 90 * MINUTE,
      rolling: true,
      cookie: { maxAge: HOUR }
    })
    clock.tick(20 * MINUTE)
    assert.equal(expiresIn(await ask(cookie)), NOW + 80 * MINUTE)
    clock.tick(20 * MINUTE)
    assert.equal(expiresIn(await ask(cookie)), NOW + 90 * MINUTE)
  })

  it('touchInterval and storeTimeout: a touch that was too late is asked for again', async () => {
    const options = { touchInterval: 5 * MINUTE, cookie: { maxAge: HOUR }, storeTimeout: SOON }
    const { store, ask, cookie, errors } = await app(options)
    clock.tick(5 * MINUTE)
    const touch = hold(store, 'touch')
    await ask(cookie)
    assert.equal(errors[0].code, 'ESTORETIMEOUT')
    await ask(cookie)
    assert.deepEqual(store.takeCalls(), ['get id1', 'touch id1', 'get id1', 'touch id1'])
    touch.release()
    touch.open()
    store.takeCalls()
    // The late one has reached the store, which has told us by its new expiry.
    await ask(cookie)
    assert.deepEqual(store.takeCalls(), ['get id1'])
  })

  it('touchInterval and max: a session that is only read is in use, though it is not touched', async () => {
    const store = new session.MemoryStore({ max: 2 })
    const { ask, cookie, login } = await app({ store, touchInterval: HOUR })
    for (const name of ['bob', 'eve', 'dan']) {
      await login(name)
      assert.equal((await ask(cookie)).says.user, 'ada')
    }
  })

  it('touchInterval and rolling: the cookie goes out with the touch', async () => {
    const options = { touchInterval: 5 * MINUTE, rolling: true, cookie: { maxAge: HOUR } }
    const { store, ask, cookie } = await app(options)
    for (let i = 1; i <= 20; i++) {
      clock.tick(MINUTE)
      const { setCookie } = await ask(cookie)
      const isDue = i % 5 === 0
      assert.equal(setCookie.length, isDue ? 1 : 0)
      assert.deepEqual(store.takeCalls(), isDue ? ['get id1', 'touch id1'] : ['get id1'])
    }
  })

  it('storeTimeout and max: a store that is full answers in time', async () => {
    const store = new session.MemoryStore({ max: 3 })
    const { login, errors } = await app({ store, storeTimeout: 5000 })
    await Promise.all(Array.from({ length: 20 }, (_, i) => login(`visitor${i}`)))
    assert.deepEqual(errors, [])
    assert.equal(Object.keys(store.sessions).length, 3)
  })

  it('storeTimeout and rolling: the response leaves with its cookie, and the error follows', async () => {
    const { store, ask, cookie, errors } = await app({
      storeTimeout: SOON,
      rolling: true,
      cookie: { maxAge: HOUR }
    })
    hold(store, 'touch')
    const response = await ask(cookie)
    assert.equal(response.says.user, 'ada')
    assert.equal(expiresIn(response), NOW + HOUR)
    await until(() => errors.length === 1)
    assert.equal(errors[0].code, 'ESTORETIMEOUT')
  })

  it('max and rolling: who is seen keeps session and cookie, who is not loses the session', async () => {
    const store = new session.MemoryStore({ max: 2 })
    const { ask, cookie, login } = await app({ store, rolling: true, cookie: { maxAge: HOUR } })
    const other = await login('bob')
    assert.equal((await ask(cookie)).setCookie.length, 1)
    await login('eve')
    assert.equal((await ask(cookie)).says.user, 'ada')
    const { says, setCookie } = await ask(other)
    assert.deepEqual(says, { reason: 'unknown' })
    assert.deepEqual(setCookie, [])
  })

  it('diagnostics and storeTimeout: what is too late is an error with its code, once', async () => {
    const { store, ask, cookie, errors } = await app(
      { storeTimeout: SOON },
      async ({ url, session: own }) => {
        if (url === '/write') own.at = 1
        if (url === '/leave') await own.destroy().catch(() => {})
      }
    )
    const heard = listen()
    for (const [method, path, expected] of [
      ['get', '/', ['load error ESTORETIMEOUT']],
      ['touch', '/', ['load found', 'touch error ESTORETIMEOUT']],
      ['set', '/write', ['load found', 'save error ESTORETIMEOUT']],
      ['destroy', '/leave', ['load found', 'destroy error ESTORETIMEOUT']]
    ]) {
      const held = hold(store, method)
      await ask(cookie, path)
      if (method !== 'destroy') {
        await until(() => errors.length > 0)
        errors.splice(0)
      }
      const seen = heard()
      held.release()
      held.open()
      // The late answer is none.
      await new Promise((resolve) => setTimeout(resolve, SOON))
      assert.deepEqual([...seen, ...heard()], expected)
    }
  })

  for (const value of ['skip', 'error']) {
    it(`diagnostics and onDisconnect: '${value}': of a store that is not asked nothing is said`, async () => {
      const { store, ask, cookie } = await app({ onDisconnect: value })
      const heard = listen()
      store.emit('disconnect')
      await ask(cookie)
      assert.deepEqual(heard(), [])
      store.emit('connect')
      await ask(cookie)
      assert.deepEqual(heard(), ['load found', 'touch done'])
    })
  }

  it('diagnostics and touchInterval: a touch is told when it is made, and only then', async () => {
    const { store, ask, cookie } = await app({ touchInterval: 5 * MINUTE, cookie: { maxAge: HOUR } })
    const heard = listen()
    for (let i = 1; i <= 10; i++) {
      clock.tick(MINUTE)
      await ask(cookie)
      assert.deepEqual(heard(), i % 5 === 0 ? ['load found', 'touch done'] : ['load found'])
      assert.equal(store.takeCalls().length, i % 5 === 0 ? 2 : 1)
    }
  })

  it('diagnostics and max: who went for others is heard of as unknown when it comes, and not before', async () => {
    const { ask, cookie, login } = await app({ store: new session.MemoryStore({ max: 1 }) })
    const heard = listen()
    await login('bob')
    assert.deepEqual(heard(), ['load none', 'save done'])
    assert.deepEqual((await ask(cookie)).says, { reason: 'unknown' })
    assert.deepEqual(heard(), ['load unknown'])
  })

  it('diagnostics and rolling: a cookie that is sent is no touch of its own', async () => {
    const { ask, cookie } = await app({ rolling: true, cookie: { maxAge: HOUR } })
    const heard = listen()
    assert.equal((await ask(cookie)).setCookie.length, 1)
    assert.deepEqual(heard(), ['load found', 'touch done'])
  })

  for (const [name, options] of Object.entries({
    concurrency: { concurrency: 'merge' },
    encryption: { encryption: randomBytes(32) }
  })) {
    it(`touchInterval and ${name}: touched as seldom, a save counts, and nothing of the data is lost`, async () => {
      const { store, ask, cookie } = await app(
        { ...options, touchInterval: 5 * MINUTE, cookie: { maxAge: HOUR } },
        ({ url, session: own }) => {
          if (url === '/write') own.views = (own.views ?? 0) + 1
        }
      )
      const writes = () => store.takeCalls().filter((call) => !call.startsWith('get'))
      for (let i = 1; i <= 12; i++) {
        clock.tick(MINUTE)
        // The save of the sixth minute is one minute after a touch, and puts the next one off.
        const path = i === 6 ? '/write' : '/'
        assert.equal((await ask(cookie, path)).says.user, 'ada')
        assert.deepEqual(writes(), i === 6 ? ['set id1'] : i === 5 || i === 11 ? ['touch id1'] : [], `${i}`)
      }
      const { cookie: stored, views, sealed } = store.stored('id1')
      assert.equal(Date.parse(stored.expires), NOW + 11 * MINUTE + HOUR)
      if (options.encryption) assert.deepEqual([views, typeof sealed], [undefined, 'string'])
      else assert.equal(views, 1)
    })

    it(`touchInterval and ${name}: a visitor who comes within half of the idle timeout stays`, async () => {
      const { ask, cookie } = await app({ ...options, touchInterval: 2 * HOUR, cookie: { maxAge: HOUR } })
      for (let i = 0; i < 20; i++) {
        clock.tick(29 * MINUTE)
        assert.equal((await ask(cookie)).says.user, 'ada')
      }
    })
  }

  it('touchInterval and concurrency: requests at the same time that only read touch once', async () => {
    const options = { concurrency: 'merge', touchInterval: 5 * MINUTE, cookie: { maxAge: HOUR } }
    const { store, ask, cookie } = await app(options)
    clock.tick(5 * MINUTE)
    const touch = hold(store, 'touch')
    const first = ask(cookie)
    await until(() => store.calls.includes('touch id1'))
    for (let i = 0; i < 5; i++) await ask(cookie)
    const touches = store.takeCalls().filter((call) => call.startsWith('touch'))
    assert.deepEqual(touches, ['touch id1'])
    touch.open()
    assert.equal((await first).says.user, 'ada')
  })

  it('storeTimeout and encryption: a save that was too late is sealed, too, and is no error when it comes', async () => {
    const { store, ask, cookie, errors } = await app(
      { encryption: randomBytes(32), storeTimeout: SOON },
      ({ url, session: own }) => {
        if (url === '/write') own.secret = 'for nobody'
      }
    )
    const before = store.sessions.id1
    const set = hold(store, 'set')
    assert.equal((await ask(cookie, '/write')).says.user, 'ada')
    await until(() => errors.length === 1)
    assert.equal(errors[0].code, 'ESTORETIMEOUT')
    assert.equal(store.sessions.id1, before)
    set.release()
    set.open()
    assert.notEqual(store.sessions.id1, before)
    assert.doesNotMatch(store.sessions.id1, /secret|for nobody|ada/)
    assert.deepEqual((await ask(cookie)).says, { user: 'ada', reason: 'found' })
    assert.equal(errors.length, 1)
  })

  it('storeTimeout and encryption: a record that comes too late is an error, and not one that no key opens', async () => {
    const { store, ask, cookie, errors } = await app({ encryption: randomBytes(32), storeTimeout: SOON })
    const get = hold(store, 'get')
    const { status } = await ask(cookie)
    assert.deepEqual([status, errors[0].code], [500, 'ESTORETIMEOUT'])
    get.release()
    get.open()
    assert.equal((await ask(cookie)).says.user, 'ada')
  })

  it('all of them', async () => {
    const store = new session.MemoryStore({ max: 10, sweepInterval: MINUTE })
    const { ask, cookie, errors } = await app({
      store,
      absoluteTimeout: 2 * HOUR,
      touchInterval: 5 * MINUTE,
      storeTimeout: 5000,
      onDisconnect: 'error',
      rolling: true,
      cookie: { maxAge: HOUR }
    })
    let cookies = 0
    for (let i = 1; i < 120; i++) {
      clock.tick(MINUTE)
      const response = await ask(cookie)
      assert.deepEqual(response.says, { user: 'ada', reason: 'found' })
      cookies += response.setCookie.length
      if (response.setCookie[0]) assert.ok(expiresIn(response) <= NOW + 2 * HOUR)
    }
    assert.equal(cookies, 23)
    clock.tick(MINUTE)
    assert.deepEqual((await ask(cookie)).says, { reason: 'expired' })
    assert.deepEqual(errors, [])
  })
})
