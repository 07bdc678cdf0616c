'use strict'

// A test of a page behind a login needs no login: createSession stores a session as the middleware does, whatever options the
// app has, and gives the cookie of it.

const assert = require('node:assert/strict')
const { randomBytes } = require('node:crypto')
const session = require('express-session')
const { createSession } = require('express-session/testing')
const { JsonStore, closeAll, warningsDuring, serve, usual } = require('../support/harness')

const { MemoryStore } = session
const HOUR = 60 * 60 * 1000
const { secret } = usual

/** All options that change what is stored, or which sessions are taken. */
const everything = () => ({
  secret,
  absoluteTimeout: 12 * HOUR,
  cacheControl: true,
  clearCookie: true,
  concurrency: 'merge',
  cookie: { maxAge: HOUR, path: '/account', sameSite: 'lax' },
  deviceBound: {},
  encryption: randomBytes(32),
  genid: undefined,
  hashSessionIds: true,
  maxSessions: 1,
  name: 'shop.sid',
  refreshCookie: true,
  rolling: true,
  storeTimeout: 2000,
  touchInterval: HOUR,
  unset: 'destroy',
  user: ({ user }) => user
})

/** An app that says who is logged in, and since when. */
const account = (options) =>
  serve({ genid: undefined, ...options }, (req, res) => {
    const { reason } = session.infoOf(req)
    res.json({ user: req.session.user, id: req.sessionID, reason })
  })

describe('createSession', () => {
  afterEach(closeAll)

  it('logs a visitor in', async () => {
    const store = new MemoryStore()
    const { visit } = await account({ store })
    const { id, cookie } = await createSession(store, { user: 'ada' }, { secret })
    assert.match(cookie, /^connect\.sid=s%3A/)
    assert.deepEqual(JSON.parse((await visit({ cookie })).body), { user: 'ada', id, reason: 'found' })
  })

  it('logs a visitor in with every option on', async () => {
    const store = new MemoryStore()
    const options = everything()
    const { visit, middleware } = await account({ ...options, store })
    const { id, cookie } = await createSession(store, { user: 'ada' }, options)
    const { body } = await visit({ path: '/account', cookie })
    assert.deepEqual(JSON.parse(body), { user: 'ada', id, reason: 'found' })

    assert.ok(store.sessions[session.hashSessionId(id)])
    assert.doesNotMatch(JSON.stringify(store.sessions), /ada/)
    const [listed] = await middleware.sessionsOf('ada')
    assert.equal(listed.userAgent, undefined)
    assert.equal(await middleware.endSessionsOf('ada'), 1)
    assert.equal(JSON.parse((await visit({ path: '/account', cookie })).body).user, undefined)
  })

  it('has the store hold what the middleware would have stored', async () => {
    const stores = [new MemoryStore(), new MemoryStore()]
    const options = {
      secret,
      cookie: { maxAge: HOUR, sameSite: 'strict', secure: 'auto' },
      absoluteTimeout: HOUR
    }
    const { visit } = await serve({ ...options, genid: undefined, store: stores[0] }, (req, res) => {
      req.session.user = 'ada'
      req.session.cart = ['book']
      res.end()
    })
    await visit()
    await createSession(stores[1], { user: 'ada', cart: ['book'] }, options)
    const [ours, theirs] = stores.map(({ sessions }) =>
      Object.values(sessions).map((json) => json.replace(/\d{13}|\d{4}-[^"]+Z/g, 'a time'))
    )
    assert.deepEqual(theirs, ours)
  })

  it('gives the value of a header, too', async () => {
    const store = new MemoryStore()
    const transport = session.headerTransport()
    const { visit } = await account({ store, transport })
    const { value } = await createSession(store, { user: 'ada' }, { secret, transport })
    const { body } = await visit({ headers: { 'x-session-id': value } })
    assert.equal(JSON.parse(body).user, 'ada')
  })

  it('takes a cookie that is a function of the request', async () => {
    const store = new MemoryStore()
    const cookie = ({ headers }) => ({
      path: '/account',
      secure: 'auto',
      priority: headers.nothing ?? 'high'
    })
    const made = await createSession(store, {}, { secret, cookie })
    const { path, secure, priority } = JSON.parse(store.sessions[made.id]).cookie
    assert.deepEqual({ path, secure, priority }, { path: '/account', secure: false, priority: 'high' })
  })

  it('takes a cookie that goes over https only', async () => {
    const store = new MemoryStore()
    const { id, cookie } = await createSession(store, { user: 'ada' }, { secret, cookie: { secure: true } })
    assert.equal(JSON.parse(store.sessions[id]).cookie.secure, true)
    const { visit } = await account({ store, cookie: { secure: true } })
    assert.equal(JSON.parse((await visit({ cookie })).body).user, 'ada')
  })

  it('signs by the first of several secrets', async () => {
    const store = new MemoryStore()
    const { visit } = await account({ store, secret: 'new' })
    const { cookie } = await createSession(store, { user: 'ada' }, { secret: ['new', 'old'] })
    assert.equal(JSON.parse((await visit({ cookie })).body).user, 'ada')
  })

  it('stores a session that is empty, and one with data that are named as methods are', async () => {
    const store = new MemoryStore()
    const empty = await createSession(store, {}, { secret })
    const named = await createSession(store, { save: 1, touch: 2 }, { secret })
    assert.deepEqual(Object.keys(JSON.parse(store.sessions[empty.id])), ['cookie'])
    const { save, touch } = JSON.parse(store.sessions[named.id])
    assert.deepEqual({ save, touch }, { save: 1, touch: 2 })
  })

  it('says nothing of a store without touch, which is for the app to hear', async () => {
    const store = new JsonStore({ touch: undefined })
    const warnings = await warningsDuring(() =>
      createSession(store, { user: 'ada' }, { secret, resave: false, cookie: { maxAge: HOUR } })
    )
    assert.deepEqual(warnings, [])
  })

  it('fails when the store does', async () => {
    const store = new JsonStore({ set: (sid, data, callback) => callback(new Error('disk full')) })
    await assert.rejects(createSession(store, {}, { secret }), { message: 'disk full' })
  })

  it('fails while the store is disconnected', async () => {
    const store = new MemoryStore()
    await createSession(store, {}, { secret })
    store.emit('disconnect')
    await assert.rejects(createSession(store, {}, { secret }), { code: 'ESTOREDISCONNECTED' })
  })

  it('fails when the user has too many sessions already', async () => {
    const store = new MemoryStore()
    const options = { secret, user: ({ user }) => user, maxSessions: 1, onTooManySessions: 'refuse' }
    await createSession(store, { user: 'ada' }, options)
    await assert.rejects(createSession(store, { user: 'ada' }, options), { code: 'ETOOMANYSESSIONS' })
  })

  it('says what is wrong with its arguments', async () => {
    const store = new MemoryStore()
    const refuses = (given, data, message) =>
      assert.rejects(createSession(given, data, { secret }), { name: 'TypeError', message })
    await refuses(
      store,
      { cookie: { maxAge: HOUR } },
      'the data of a session cannot be named cookie: its attributes are the option cookie'
    )
    await refuses(store, { id: 7 }, /^the data of a session cannot be named id: /)
    await refuses(store, { req: {} }, /^the data of a session cannot be named req: /)
    await refuses(store, null, /must be an object, such as .*, not null$/)
    await refuses(store, undefined, /must be an object, such as .*, not a value of type undefined$/)
    await refuses(store, [], /must be an object, such as .*, not an array$/)
    await refuses(store, 'ada', /must be an object, such as .*, not a value of type string$/)
    await refuses(undefined, {}, /must be the store of the app, .*, not undefined$/)
    await refuses({}, {}, /must be the store of the app, .*, not \{\}$/)
    await refuses(MemoryStore, {}, /must be the store of the app, .*, not \[/)
    await assert.rejects(createSession(store, {}, { secret, touchInterval: -1 }), { name: 'TypeError' })
    await assert.rejects(createSession(store, {}, {}), { message: 'secret option required for sessions' })
    assert.deepEqual(Object.keys(store.sessions), [])
  })
})
