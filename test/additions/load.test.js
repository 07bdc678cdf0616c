'use strict'

// middleware.load(req) gives the session of a request that has no response: sockets read, change, save and end it, and what
// has been ended elsewhere stays ended, however long they live.

const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const { subscribe, unsubscribe } = require('node:diagnostics_channel')
const http = require('node:http')
const { sign } = require('cookie-signature')
const express = require('express')
const { collectGarbage } = require('../support/engine')
const {
  JsonStore,
  atTime,
  closeAll,
  gate,
  listen,
  rawClient,
  session,
  unhandledDuring,
  until,
  usual
} = require('../support/harness')

const HOUR = 60 * 60 * 1000

const cookieOf = (id, secret = usual.secret) => `connect.sid=${encodeURIComponent('s:' + sign(id, secret))}`

/** The request of a handshake, as it comes from a client with a cookie. */
const handshake = (cookie, url = '/socket') => {
  const req = new http.IncomingMessage(null)
  return Object.assign(req, { url, method: 'GET', headers: cookie ? { cookie } : {} })
}

/** A middleware, a site with a login and a logout beside it, and the visitor's cookie. */
async function site(options = {}) {
  const store = options.store ?? new JsonStore()
  let ids = 0
  const middleware = session({ genid: () => 'id' + ++ids, ...usual, ...options, store })
  const app = express().set('env', 'test')
  app.use(middleware)
  app.get('/login', (req, res) => {
    req.session.user = 'ada'
    res.end()
  })
  app.get('/change', (req, res) => {
    req.session.user = 'grace'
    delete req.session.count
    res.end()
  })
  app.get('/logout', (req, res) => req.session.destroy(() => res.end()))
  app.get('/renew', (req, res) => req.session.regenerate(() => res.end()))
  app.use((req, res) => res.json(req.session))
  const served = await listen(http.createServer(app))
  const { cookie } = await served.visit({ path: '/login' })
  store.takeCalls?.()
  return {
    ...served,
    app,
    store,
    middleware,
    cookie,
    load: (given = cookie) => middleware.load(handshake(given))
  }
}

afterEach(closeAll)

describe('middleware.load', () => {
  it('does not show, and is a method of the middleware', () => {
    const middleware = session(usual)
    assert.equal(typeof middleware.load, 'function')
    assert.deepEqual(Object.keys(middleware), [])
    assert.deepEqual([middleware.name, middleware.length], ['session', 3])
  })

  it('gives the session of the request, and asks the store for nothing else', async () => {
    const { load, store } = await site()
    const loaded = await load()
    assert.ok(loaded instanceof session.Session)
    assert.deepEqual([loaded.id, loaded.user], ['id1', 'ada'])
    assert.deepEqual(store.calls, ['get id1'])
  })

  it('changes nothing on the request', async () => {
    const { middleware, cookie } = await site()
    const req = handshake(cookie)
    const before = Object.getOwnPropertyDescriptors(req)
    Object.freeze(req)
    const loaded = await middleware.load(req)
    loaded.user = 'grace'
    await loaded.save()
    await loaded.destroy()
    assert.deepEqual(Object.keys(Object.getOwnPropertyDescriptors(req)), Object.keys(before))
    for (const name of ['session', 'sessionID', 'sessionStore']) assert.ok(!(name in req))
  })

  it('gives a session of its own where the request has one from the middleware', async () => {
    const { app, middleware, visit, cookie } = await site()
    app.router.stack.pop()
    app.use(async (req, res) => {
      const own = req.session
      const loaded = await middleware.load(req)
      await loaded.destroy()
      res.json([loaded !== own, req.session === own, loaded.user])
    })
    assert.deepEqual(JSON.parse((await visit({ cookie })).body), [true, true, 'ada'])
  })

  const withoutSession = {
    'no cookie': undefined,
    'a forged one': cookieOf('id1', 'another secret'),
    'one of an unknown session': cookieOf('unknown')
  }
  for (const [what, cookie] of Object.entries(withoutSession)) {
    it(`gives null with ${what}, and makes no session`, async () => {
      const { middleware, store } = await site({ saveUninitialized: true })
      assert.equal(await middleware.load(handshake(cookie)), null)
      assert.deepEqual(Object.keys(store.sessions), ['id1'])
    })
  }

  it('gives null to a request outside of the path, as the cookie function has it, which is called once', async () => {
    let calls = 0
    const cookie = (req) => {
      calls++
      return { path: req.url.startsWith('/admin') ? '/admin' : '/site' }
    }
    const middleware = session({ ...usual, cookie, store: new JsonStore() })
    assert.equal(await middleware.load(handshake(cookieOf('id1'), '/else')), null)
    assert.equal(calls, 1)

    const { middleware: narrow, cookie: given } = await site({ cookie: (req) => ({ path: req.url }) })
    assert.equal((await narrow.load(handshake(given, '/socket'))).user, 'ada')
  })

  it('rejects what is no request in words that say so', async () => {
    const { load } = session(usual)
    await assert.rejects(load(), { name: 'TypeError', message: 'load takes a request, not undefined' })
    await assert.rejects(load(5), { name: 'TypeError', message: 'load takes a request, not 5' })
    await assert.rejects(load({}), { name: 'TypeError', message: 'load takes a request with headers' })
  })

  it('rejects with what the cookie function throws', async () => {
    const cookie = () => {
      throw new Error('odd')
    }
    await assert.rejects(session({ ...usual, cookie }).load(handshake()), /odd/)
  })

  it('rejects with the error of the store', async () => {
    const { load, store } = await site()
    store.get = (sid, callback) => setImmediate(callback, new Error('store failed'))
    await assert.rejects(load(), /store failed/)
    store.get = () => {
      throw new Error('store throws')
    }
    await assert.rejects(load(), /store throws/)
    assert.deepEqual(await unhandledDuring(() => void load()), [])
  })

  it('rejects where the stored session cannot be read', async () => {
    const { load, store } = await site()
    store.sessions.id1 = '{"user":"ada"}'
    await assert.rejects(load(), TypeError)
  })

  it('rejects in time where the store does not answer', async () => {
    const { load, store } = await site({ storeTimeout: 20 })
    store.get = () => {}
    await assert.rejects(load(), { code: 'ESTORETIMEOUT', status: 503 })
  })

  it('gives null while the store is disconnected, or rejects as onDisconnect says', async () => {
    const skipping = await site()
    skipping.store.emit('disconnect')
    assert.equal(await skipping.load(), null)

    const failing = await site({ onDisconnect: 'error', cookie: { path: '/socket' } })
    failing.store.emit('disconnect')
    await assert.rejects(failing.load(), { code: 'ESTOREDISCONNECTED', status: 503 })
    assert.equal(await failing.middleware.load(handshake(failing.cookie, '/else')), null)
    failing.store.emit('connect')
    assert.equal(await failing.load(cookieOf('nobody')), null)
  })

  it('takes the secret of the request where the option is missing, and rejects where there is none', async () => {
    const store = new JsonStore()
    store.sessions.id1 = JSON.stringify({ cookie: {}, user: 'ada' })
    const middleware = session({ ...usual, secret: undefined, store })
    const req = handshake(cookieOf('id1', 'own'))
    await assert.rejects(middleware.load(req), /secret option required for sessions/)
    assert.equal((await middleware.load(Object.assign(req, { secret: 'own' }))).user, 'ada')
  })

  it('keeps the async context', async () => {
    const { load } = await site()
    const local = new AsyncLocalStorage()
    await local.run('mine', async () => {
      await load()
      assert.equal(local.getStore(), 'mine')
    })
  })

  it('finds hashed ids', async () => {
    const { load, store } = await site({ hashSessionIds: true })
    const loaded = await load()
    loaded.count = 1
    await loaded.save()
    await loaded.reload()
    await loaded.destroy()
    const key = session.hashSessionId('id1')
    assert.deepEqual([...new Set(store.calls.map((call) => call.split(' ')[1]))], [key])
    assert.deepEqual(store.sessions, {})
  })
})

describe('a session that was loaded without a response', () => {
  it('is saved, and the site sees it', async () => {
    const { load, visit, cookie } = await site()
    const loaded = await load()
    loaded.count = 1
    assert.equal(await loaded.save(), undefined)
    assert.equal(JSON.parse((await visit({ cookie })).body).count, 1)
    await new Promise((resolve, reject) => {
      loaded.count = 2
      assert.equal(
        loaded.save((error) => (error ? reject(error) : resolve())),
        loaded
      )
    })
    assert.equal(JSON.parse((await visit({ cookie })).body).count, 2)
  })

  it('restarts its idle timeout with each save', async () => {
    const { load, store } = await site({ cookie: { maxAge: HOUR } })
    const loaded = await load()
    const later = Date.now() + HOUR / 2
    await atTime(later, () => loaded.save())
    assert.equal(JSON.parse(store.sessions.id1).cookie.expires, new Date(later + HOUR).toJSON())
  })

  it('is brought up to date by reload, as the same object', async () => {
    const { load, visit, cookie } = await site()
    const loaded = await load()
    loaded.count = 1
    await loaded.save()
    await visit({ cookie, path: '/change' })
    assert.equal(await loaded.reload(), undefined)
    assert.deepEqual([loaded.user, 'count' in loaded, loaded.id], ['grace', false, 'id1'])
    assert.ok(loaded.cookie instanceof session.Cookie)
    loaded.user = 'hedy'
    await loaded.save()
    assert.equal(JSON.parse((await visit({ cookie })).body).user, 'hedy')
  })

  it('fails to reload once it has been ended, and stays as it is', async () => {
    const { load, visit, cookie } = await site()
    const loaded = await load()
    await visit({ cookie, path: '/logout' })
    await assert.rejects(loaded.reload(), /failed to load session/)
    assert.equal(loaded.user, 'ada')
  })

  it('is destroyed, and no later save or touch of the socket brings it back', async () => {
    const { load, store, visit, cookie } = await site({ cookie: { maxAge: HOUR } })
    const loaded = await load()
    const other = await load()
    await loaded.destroy()
    assert.deepEqual(store.sessions, {})
    for (const each of [loaded, other]) {
      assert.equal(each.touch(), each)
      await assert.rejects(each.save(), { code: 'ESESSIONENDED' })
    }
    assert.deepEqual(store.sessions, {})
    assert.equal(JSON.parse((await visit({ cookie })).body).user, undefined)
  })

  for (const path of ['/logout', '/renew']) {
    it(`is not brought back after ${path} by a save or a touch`, async () => {
      const { load, store, visit, cookie } = await site({ cookie: { maxAge: HOUR } })
      const loaded = await load()
      await visit({ cookie, path })
      loaded.touch()
      await assert.rejects(loaded.save(), { code: 'ESESSIONENDED' })
      await new Promise((resolve) =>
        loaded.save((error) => resolve(assert.equal(error.code, 'ESESSIONENDED')))
      )
      assert.ok(!('id1' in store.sessions))
    })
  }

  it('is not brought back after another process has ended it', async () => {
    const { load, store } = await site()
    const loaded = await load()
    delete store.sessions.id1
    await assert.rejects(loaded.save(), { code: 'ESESSIONENDED' })
    assert.deepEqual(store.sessions, {})
  })

  it('is not brought back by who asks a store that answers ENOENT', async () => {
    const { load, store } = await site()
    const loaded = await load()
    delete store.sessions.id1
    store.get = (sid, callback) =>
      setImmediate(callback, Object.assign(new Error('gone'), { code: 'ENOENT' }))
    await assert.rejects(loaded.save(), { code: 'ESESSIONENDED' })
  })

  it('is not saved where the store cannot say whether it is still there', async () => {
    const { load, store } = await site()
    const loaded = await load()
    store.get = (sid, callback) => setImmediate(callback, new Error('store failed'))
    store.takeCalls()
    await assert.rejects(loaded.save(), /store failed/)
    assert.deepEqual(store.calls, [])
  })

  it('is not brought back by a save that is under way when it ends', async () => {
    const { load, store, visit, cookie } = await site()
    const loaded = await load()
    const slow = gate()
    store.set = (sid, data, callback) =>
      slow.pass(() => JsonStore.prototype.set.call(store, sid, data, callback))
    const saving = loaded.save()
    await until(() => slow.waiting === 1)
    await visit({ cookie, path: '/logout' })
    slow.open()
    await assert.rejects(saving, { code: 'ESESSIONENDED' })
    assert.deepEqual(store.sessions, {})
  })

  it('is not brought back by a save that has just found it when it ends', async () => {
    const { load, store, visit, cookie } = await site()
    const loaded = await load()
    const slow = gate()
    store.get = (sid, callback) => {
      delete store.get
      store.get(sid, (...answer) => slow.pass(() => callback(...answer)))
    }
    const saving = loaded.save()
    await until(() => slow.waiting === 1)
    await visit({ cookie, path: '/logout' })
    slow.open()
    await assert.rejects(saving, { code: 'ESESSIONENDED' })
    assert.deepEqual(store.sessions, {})
  })

  it('cannot be regenerated: nobody could be told the new id', async () => {
    const { load, store } = await site()
    const loaded = await load()
    await assert.rejects(loaded.regenerate(), { name: 'Error', code: 'ENORESPONSE' })
    const returned = await new Promise((resolve) => {
      const result = loaded.regenerate((error) => resolve([error.code, result === loaded]))
    })
    assert.deepEqual(returned, ['ENORESPONSE', true])
    assert.deepEqual(Object.keys(store.sessions), ['id1'])
    await loaded.save()
  })

  it('has the store restart the idle timeout by touch, which returns the session', async () => {
    const { load, store } = await site({ cookie: { maxAge: HOUR } })
    const loaded = await load()
    const touched = []
    store.touch = (sid, data, callback) => {
      touched.push([sid, data.cookie.expires.valueOf()])
      setImmediate(callback)
    }
    const later = Date.now() + HOUR / 2
    assert.equal(await atTime(later, () => loaded.touch()), loaded)
    await until(() => touched.length === 1)
    assert.deepEqual(touched, [['id1', later + HOUR]])
    assert.equal(loaded.cookie.expires.valueOf(), later + HOUR)
  })

  it('is touched in the store again after a reload, not by a save, and not more often than touchInterval says', async () => {
    const { load, store } = await site({ cookie: { maxAge: HOUR }, touchInterval: 60_000 })
    const loaded = await load()
    await loaded.reload()
    await loaded.save()
    const isTouch = (call) => call.startsWith('touch')
    loaded.touch()
    assert.equal(store.calls.filter(isTouch).length, 0)
    const { now } = Date
    const later = now() + 61_000
    Date.now = () => later
    try {
      loaded.touch()
      await until(() => store.calls.some(isTouch))
      loaded.touch()
      await loaded.reload()
    } finally {
      Date.now = now
    }
    assert.equal(store.calls.filter(isTouch).length, 1)
  })

  it('does not mind a store without touch, or one whose touch fails', async () => {
    const { load, store } = await site({ cookie: { maxAge: HOUR } })
    const loaded = await load()
    store.touch = (sid, data, callback) => setImmediate(callback, new Error('store failed'))
    assert.deepEqual(await unhandledDuring(() => void loaded.touch()), [])

    const without = Object.assign(new JsonStore(), { touch: undefined })
    const other = await site({ store: without, cookie: { maxAge: HOUR } })
    const session = await other.load()
    assert.equal(session.touch(), session)
    await session.save()
    assert.deepEqual(without.calls, ['get id1', 'get id1', 'set id1'])
  })

  it('ends at its absolute timeout, though the socket lives on', async () => {
    const { load, store } = await site({ absoluteTimeout: HOUR })
    const loaded = await load()
    const { now } = Date
    const later = now() + HOUR + 1
    Date.now = () => later
    try {
      await assert.rejects(loaded.save(), { code: 'ESESSIONENDED' })
      await assert.rejects(loaded.reload(), /failed to load session/)
      assert.equal(await load(), null)
    } finally {
      Date.now = now
    }
    assert.deepEqual(store.sessions, {})
  })

  it('is given its beginning where it has none that is known, as by any request', async () => {
    const { store, cookie } = await site()
    const later = await site({ store, absoluteTimeout: HOUR, genid: () => 'other' })
    const loaded = await later.load(cookie)
    assert.equal(loaded.user, 'ada')
    const { createdAt } = JSON.parse(store.sessions.id1).__session
    assert.equal(typeof createdAt, 'number')
    assert.equal(session.infoOf(loaded.req).createdAt.valueOf(), createdAt)
  })

  it('may be loaded as often as one likes', async () => {
    const { load } = await site()
    const [one, other] = await Promise.all([load(), load()])
    assert.notEqual(one, other)
    one.count = 1
    await one.save()
    await other.reload()
    assert.equal(other.count, 1)
  })

  it('leaves nothing behind when its socket has gone', async function () {
    const { middleware, cookie } = await site()
    const left = []
    for (let i = 0; i < 20; i++) {
      const req = handshake(cookie)
      const loaded = await middleware.load(req)
      loaded.count = i
      await loaded.save()
      left.push(new WeakRef(req), new WeakRef(loaded))
    }
    await until(() => {
      collectGarbage()
      return left.filter((ref) => ref.deref()).length <= 2
    })
  })
})

describe('what others learn of a load', () => {
  it('infoOf the request tells why there is a session, or none', async () => {
    const { middleware, cookie } = await site({ absoluteTimeout: HOUR })
    const reasonFor = async (given) => {
      const req = handshake(given)
      assert.equal(session.infoOf(req), undefined)
      await middleware.load(req)
      return session.infoOf(req)
    }
    const found = await reasonFor(cookie)
    assert.deepEqual([found.isNew, found.reason], [false, 'found'])
    assert.ok(found.createdAt instanceof Date)
    assert.deepEqual(await reasonFor(), { isNew: true, reason: 'none', createdAt: undefined })
    assert.equal((await reasonFor(cookieOf('id1', 'another'))).reason, 'forged')
    assert.equal((await reasonFor(cookieOf('unknown'))).reason, 'unknown')
  })

  it('the diagnostics channels tell of it, with the request itself', async () => {
    const messages = []
    const listener = (message) => messages.push(message)
    subscribe('express-session:load', listener)
    subscribe('express-session:save', listener)
    try {
      const { middleware, cookie } = await site()
      messages.length = 0
      const req = handshake(cookie)
      const loaded = await middleware.load(req)
      await loaded.save()
      await middleware.load(handshake())
      assert.deepEqual(
        messages.map(({ outcome }) => outcome),
        ['found', 'done', 'none']
      )
      assert.ok(messages[0].req === req && messages[1].req === req)
    } finally {
      unsubscribe('express-session:load', listener)
      unsubscribe('express-session:save', listener)
    }
  })
})

describe('load in a plain server', () => {
  it('knows who asks for a raw upgrade', async () => {
    const { server, port, middleware, cookie, visit } = await site()
    server.on('upgrade', async (req, socket) => {
      const loaded = await middleware.load(req)
      if (!loaded) return socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n')
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
      socket.on('error', () => {})
      socket.on('data', async (word) => {
        if (String(word) === 'logout') await loaded.destroy()
        else {
          loaded.said = String(word)
          await loaded.save()
        }
        socket.write(`${loaded.user} said ${word};`)
        if (String(word) === 'logout') socket.end()
      })
    })
    const ask = (lines) =>
      ['GET /socket HTTP/1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: echo', ...lines, '', ''].join(
        '\r\n'
      )

    const known = rawClient(port, ask([`Cookie: ${cookie}`]))
    await until(() => known.received.includes('101 Switching'))
    known.socket.write('hello')
    await until(() => known.received.includes('ada said hello;'))
    assert.equal(JSON.parse((await visit({ cookie })).body).said, 'hello')
    known.socket.write('logout')
    await known.closed
    assert.equal(JSON.parse((await visit({ cookie })).body).user, undefined)

    const unknown = rawClient(port, ask([]))
    await unknown.closed
    assert.match(unknown.received, /^HTTP\/1.1 401/)
  })

  it('knows who listens to events that the server sends', async () => {
    const { middleware, cookie, store } = await site()
    const events = await listen(
      http.createServer(async (req, res) => {
        const loaded = await middleware.load(req)
        if (!loaded) return res.writeHead(204).end()
        res.writeHead(200, { 'Content-Type': 'text/event-stream' })
        res.write(`data: hello ${loaded.user}\n\n`)
        loaded.listens = true
        await loaded.save()
        res.write('data: saved\n\n')
        await loaded.destroy()
        res.end('data: bye\n\n')
      })
    )
    const { body, setCookie } = await events.visit({ cookie, path: '/events' })
    assert.equal(body, 'data: hello ada\n\ndata: saved\n\ndata: bye\n\n')
    assert.deepEqual(setCookie, [])
    assert.deepEqual(store.sessions, {})
    assert.equal((await events.visit({ cookie, path: '/events' })).status, 204)
  })
})
