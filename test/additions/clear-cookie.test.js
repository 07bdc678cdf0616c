'use strict'

// With clearCookie a browser drops its cookie when the session behind it has ended, told in the words with which it was set.

const assert = require('node:assert/strict')
const compression = require('compression')
const express = require('express')
const http = require('node:http')
const {
  JsonStore,
  atTime,
  closeAll,
  gate,
  listen,
  loggedIn,
  serve,
  session,
  until,
  usual
} = require('../support/harness')

const EPOCH = 'Expires=Thu, 01 Jan 1970 00:00:00 GMT'
const HTTPS = { 'x-forwarded-proto': 'https' }

/** The attributes of a cookie's text, in any order and without the expiry. */
function attributesOf(text) {
  const [, ...attributes] = text.split('; ')
  return attributes.filter((attribute) => !attribute.startsWith('Expires=')).sort()
}

function assertCleared({ setCookie }, name = 'connect.sid') {
  assert.equal(setCookie.length, 1, setCookie.join())
  assert.ok(setCookie[0].startsWith(`${name}=;`), setCookie[0])
  assert.ok(setCookie[0].includes(EPOCH), setCookie[0])
}

/** A visitor who is logged in at an app that clears cookies; `/logout` ends the session. */
const leaving = (options, handler = destroys) => loggedIn({ clearCookie: true, ...options }, handler)

function destroys(req, res, next) {
  if (req.url !== '/logout') return res.end('page')
  req.session.destroy((error) => (error ? next(error) : res.end('bye')))
}

afterEach(closeAll)

describe('clearCookie', () => {
  it('is off by itself', async () => {
    const { visit, cookie } = await leaving({ clearCookie: undefined })
    assert.deepEqual((await visit({ path: '/logout', cookie })).setCookie, [])
  })

  it('is true, false or nothing', () => {
    for (const value of [1, 'yes', null, {}]) {
      assert.throws(() => session({ ...usual, clearCookie: value }), {
        name: 'TypeError',
        message: /^clearCookie option must be true or false, not /
      })
    }
    for (const value of [true, false, undefined]) session({ ...usual, clearCookie: value })
  })

  const attributes = {
    'no attributes': {},
    'a path': { path: '/shop' },
    'a domain': { domain: 'example.com' },
    'Secure and SameSite=None': { secure: true, sameSite: 'none' },
    'Partitioned, with a priority': { secure: true, sameSite: 'none', partitioned: true, priority: 'high' },
    'an idle timeout and SameSite=Strict': { maxAge: 60000, sameSite: true },
    'a cookie that scripts may read': { httpOnly: false },
    "'auto' attributes": { secure: 'auto', sameSite: 'auto' },
    'a function': () => ({ secure: 'auto', path: '/shop' })
  }
  for (const [title, cookie] of Object.entries(attributes)) {
    it(`clears what was set with ${title}`, async () => {
      const served = await serve({ clearCookie: true, proxy: true, cookie }, (req, res) => {
        if (req.url === '/shop/logout') return req.session.destroy(() => res.end())
        req.session.user = 'ada'
        res.end()
      })
      const login = await served.visit({ path: '/shop/login', headers: HTTPS })
      const logout = await served.visit({ path: '/shop/logout', cookie: login.cookie, headers: HTTPS })
      assertCleared(logout)
      assert.deepEqual(attributesOf(logout.setCookie[0]), attributesOf(login.setCookie[0]))
    })
  }

  it('takes the attributes that the session was stored with, where the options say others by now', async () => {
    const { store, cookie } = await leaving({ cookie: { path: '/', sameSite: 'strict' } })
    const served = await serve({ store, clearCookie: true, cookie: { sameSite: 'lax' } }, destroys)
    const logout = await served.visit({ path: '/logout', cookie })
    assert.deepEqual(attributesOf(logout.setCookie[0]), ['HttpOnly', 'Path=/', 'SameSite=Strict'])
  })

  it('takes those of before the app changed them in this very request', async () => {
    const { visit, cookie } = await leaving({}, (req, res) => {
      req.session.cookie.path = '/elsewhere'
      req.session.destroy(() => res.end())
    })
    const logout = await visit({ cookie })
    assert.deepEqual(attributesOf(logout.setCookie[0]), ['HttpOnly', 'Path=/'])
  })

  it('clears without waiting for the store, for a response that does not wait for it either', async () => {
    const { visit, cookie } = await leaving({}, (req, res) => {
      req.session.destroy()
      res.redirect('/')
    })
    assertCleared(await visit({ cookie }))
  })

  it('clears when the headers leave before the end', async () => {
    const { visit, cookie } = await leaving({}, async (req, res) => {
      await req.session.destroy()
      res.write('a')
      res.end('b')
    })
    assertCleared(await visit({ cookie }))
  })

  it('clears behind compression', async () => {
    const store = new JsonStore()
    const app = express()
    app.use(compression({ threshold: 0 }))
    app.use(session({ ...usual, store, clearCookie: true }))
    app.use((req, res) => {
      if (req.url === '/login') req.session.user = 'ada'
      else req.session.destroy()
      res.send('x'.repeat(2000))
    })
    const served = await listen(http.createServer(app))
    const { cookie } = await served.visit({ path: '/login' })
    assertCleared(await served.visit({ cookie, headers: { 'accept-encoding': 'gzip' } }))
  })

  it('clears nothing once the headers are out', async () => {
    const { visit, cookie } = await leaving({}, (req, res) => {
      res.write('a')
      req.session.destroy(() => res.end('b'))
    })
    const answer = await visit({ cookie })
    assert.equal(answer.body, 'ab')
    assert.deepEqual(answer.setCookie, [])
  })

  it('clears when the store does not answer in its time: the session counts as ended', async () => {
    const { visit, cookie, store } = await leaving({ storeTimeout: 30 }, async (req, res) => {
      await req.session.destroy().catch(() => {})
      res.end()
    })
    store.destroy = () => {}
    assertCleared(await visit({ cookie }))
  })

  it('clears nothing when the store has refused to destroy', async () => {
    const { visit, cookie, store } = await leaving()
    store.destroy = (sid, callback) => callback(new Error('disk full'))
    const answer = await visit({ path: '/logout', cookie })
    assert.equal(answer.status, 500)
    assert.deepEqual(answer.setCookie, [])
  })

  for (const [title, unset] of Object.entries({
    null: (req) => (req.session = null),
    deleted: (req) => delete req.session
  })) {
    it(`clears under unset: 'destroy' when the session is ${title}, and not under 'keep'`, async () => {
      const handler = (req, res) => {
        unset(req)
        res.end()
      }
      const destroyed = await leaving({ unset: 'destroy' }, handler)
      assertCleared(await destroyed.visit({ cookie: destroyed.cookie }))
      assert.deepEqual(destroyed.store.sessions, {})

      const kept = await leaving({ unset: 'keep' }, handler)
      assert.deepEqual((await kept.visit({ cookie: kept.cookie })).setCookie, [])
    })
  }

  it('clears nothing after regenerate, which brings a new session', async () => {
    const { visit, cookie } = await leaving({}, async (req, res) => {
      await req.session.regenerate()
      res.end()
    })
    const { setCookie } = await visit({ cookie })
    assert.equal(setCookie.length, 1)
    assert.match(setCookie[0], /^connect\.sid=s%3Aid2\./)
  })

  it('clears when the app destroys what it has regenerated', async () => {
    const { visit, cookie } = await leaving({}, async (req, res) => {
      await req.session.regenerate()
      await req.session.destroy()
      res.end()
    })
    assertCleared(await visit({ cookie }))
  })

  /** What a process does that clears cookies, and renews ids: another one is made by another store over the same sessions. */
  const renewing = (store, options) =>
    serve({ clearCookie: true, store, ...options }, async (req, res) => {
      const { pathname, searchParams } = new URL(req.url, 'http://localhost')
      const wait = searchParams.get('wait')
      if (wait) await new Promise((resolve) => waiting.push(resolve))
      if (pathname === '/login') req.session.user = 'ada'
      if (pathname === '/renew') await req.session.regenerate({ preserve: true, grace: 60000 })
      if (pathname === '/logout') await req.session.destroy()
      res.end(req.session?.user)
    })
  const waiting = []

  for (const processes of [1, 2]) {
    const where = processes === 1 ? 'in the process that has renewed it' : 'in another process'

    it(`clears at a logout by an id that leads to a renewed one, ${where}`, async () => {
      const sessions = {}
      const one = await renewing(new JsonStore({ sessions }))
      const other = processes === 1 ? one : await renewing(new JsonStore({ sessions }))
      for (const renewals of [1, 2]) {
        const { cookie: old } = await one.visit({ path: '/login' })
        let { cookie } = await one.visit({ path: '/renew', cookie: old })
        if (renewals === 2) cookie = (await one.visit({ path: '/renew', cookie })).cookie
        assertCleared(await other.visit({ path: '/logout', cookie: old }))
        assert.equal((await one.visit({ cookie })).body, '')
      }
    })

    it(`clears nothing for who comes late with such an id, ${where}`, async () => {
      const sessions = {}
      const one = await renewing(new JsonStore({ sessions }))
      const other = processes === 1 ? one : await renewing(new JsonStore({ sessions }))
      const { cookie: old } = await one.visit({ path: '/login' })
      await one.visit({ path: '/renew', cookie: old })
      assertCleared(await other.visit({ path: '/logout', cookie: old }))
      // By now the browser may have another one.
      assert.deepEqual((await other.visit({ path: '/logout', cookie: old })).setCookie, [])
    })
  }

  it('clears at a logout of a request that had the session before its id was renewed', async () => {
    const { visit } = await renewing(new JsonStore())
    const { cookie: old } = await visit({ path: '/login' })
    const late = visit({ path: '/logout?wait=1', cookie: old })
    await until(() => waiting.length === 1)
    await visit({ path: '/renew', cookie: old })
    waiting.pop()()
    assertCleared(await late)
  })

  it('clears when the absolute timeout comes while a request by an old id is served', async () => {
    const store = new JsonStore()
    let isLate = false
    const { visit } = await serve({ clearCookie: true, absoluteTimeout: 60000, store }, async (req, res) => {
      if (req.url === '/login') req.session.user = 'ada'
      if (req.url === '/renew') await req.session.regenerate({ preserve: true, grace: 600000 })
      if (isLate) atTime(Date.now() + 120000, () => res.end())
      else res.end()
    })
    const { cookie: old } = await visit({ path: '/login' })
    await visit({ path: '/renew', cookie: old })
    isLate = true
    assertCleared(await visit({ cookie: old }))
  })

  it('clears when the store has the session no more', async () => {
    const { visit, cookie, store } = await leaving()
    store.sessions = {}
    assertCleared(await visit({ cookie }))
  })

  it('clears when the session is past its absolute timeout, with its own attributes', async () => {
    const store = new JsonStore()
    const options = { store, absoluteTimeout: 1000, cookie: { sameSite: 'strict' } }
    const { cookie } = await leaving(options)
    const stored = JSON.parse(store.sessions.id1)
    stored.__session.createdAt -= 2000
    store.sessions.id1 = JSON.stringify(stored)
    const served = await serve({ ...options, clearCookie: true, cookie: {}, genid: () => 'new' }, destroys)
    const answer = await served.visit({ cookie })
    assertCleared(answer)
    assert.deepEqual(attributesOf(answer.setCookie[0]), ['HttpOnly', 'Path=/', 'SameSite=Strict'])
    await until(() => store.sessions.id1 === undefined)
  })

  it('clears when the absolute timeout comes while the request is served', async () => {
    const { visit, cookie } = await leaving({ absoluteTimeout: 60000 }, (req, res) =>
      atTime(Date.now() + 120000, () => res.end())
    )
    assertCleared(await visit({ cookie }))
  })

  it('sends a new session where there is one, and clears nothing then', async () => {
    const { visit, cookie, store } = await leaving({}, (req, res) => {
      req.session.views = 1
      res.end()
    })
    store.sessions = {}
    const { setCookie } = await visit({ cookie })
    assert.equal(setCookie.length, 1)
    assert.match(setCookie[0], /^connect\.sid=s%3Aid2\./)
  })

  it('leaves a session alone that another request has ended: that one has told the browser', async () => {
    const { pass, open } = gate()
    const { visit, cookie } = await leaving({}, (req, res) => {
      if (req.url === '/slow') return pass(() => res.end())
      return req.session.destroy(() => res.end())
    })
    const slow = visit({ path: '/slow', cookie })
    assertCleared(await visit({ path: '/logout', cookie }))
    open()
    assert.deepEqual((await slow).setCookie, [])
    // Late, with the old id: by now the browser may have another one.
    assert.deepEqual((await visit({ path: '/logout', cookie })).setCookie, [])
  })

  for (const [title, handler] of Object.entries({
    cleared: (res) => res.clearCookie('connect.sid', { path: '/own' }),
    set: (res) => res.cookie('connect.sid', 'own'),
    'set by writeHead': (res) => res.writeHead(200, { 'Set-Cookie': 'connect.sid=own' })
  })) {
    it(`leaves it to the app where that has ${title} the cookie itself`, async () => {
      const { visit, cookie } = await leaving({}, (req, res) =>
        req.session.destroy(() => {
          handler(res)
          res.end()
        })
      )
      const { setCookie } = await visit({ cookie })
      assert.equal(setCookie.length, 1)
      assert.doesNotMatch(setCookie[0], /HttpOnly/)
    })
  }

  it('leaves other cookies of the app alone', async () => {
    const { visit, cookie } = await leaving({}, (req, res) =>
      req.session.destroy(() => {
        res.cookie('connect.sid2', 'x')
        res.end()
      })
    )
    const { setCookie } = await visit({ cookie })
    assert.deepEqual(
      setCookie.map((text) => text.split(';')[0]),
      ['connect.sid2=x', 'connect.sid=']
    )
  })

  it('has nothing to clear where the client has sent no cookie, or a forged one', async () => {
    const { visit } = await leaving()
    assert.deepEqual((await visit({ path: '/logout' })).setCookie, [])
    assert.deepEqual((await visit({ path: '/logout', cookie: 'connect.sid=s%3Aid1.x' })).setCookie, [])
  })

  it('clears no Secure cookie over plain http, where a browser would not have it', async () => {
    const { visit, cookie } = await leaving({ proxy: true, cookie: { secure: 'auto' } })
    assertCleared(await visit({ path: '/logout', cookie }))
    const { store } = await leaving()
    store.sessions.id1 = JSON.stringify({ cookie: { originalMaxAge: null, secure: true } })
    const served = await serve({ store, clearCookie: true }, destroys)
    assert.deepEqual((await served.visit({ path: '/logout', cookie })).setCookie, [])
  })

  it('reports what is stored and no cookie can have, and answers', async () => {
    const { visit, cookie, store, errors } = await leaving()
    store.sessions.id1 = JSON.stringify({ cookie: { originalMaxAge: null, path: 'a;b' } })
    assert.equal((await visit({ path: '/logout', cookie })).body, 'bye')
    await until(() => errors.length === 1)
    assert.match(errors[0].message, /path is invalid/)
  })

  it('clears over HTTP/2, too', async () => {
    const http2 = require('node:http2')
    const store = new JsonStore()
    const middleware = session({ ...usual, store, clearCookie: true, cacheControl: true })
    const server = http2.createServer((req, res) =>
      middleware(req, res, () => {
        if (req.url === '/login') req.session.user = 'ada'
        else req.session.destroy()
        res.end()
      })
    )
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    const client = http2.connect(`http://127.0.0.1:${server.address().port}`)
    const ask = (headers) =>
      new Promise((resolve, reject) => {
        const stream = client.request(headers)
        stream.on('response', (response) => {
          stream.resume()
          stream.on('end', () => resolve(response))
        })
        stream.on('error', reject)
      })
    try {
      const login = await ask({ ':path': '/login' })
      const cookie = login['set-cookie'][0].split(';')[0]
      const logout = await ask({ ':path': '/logout', cookie })
      assertCleared({ setCookie: logout['set-cookie'] })
      assert.deepEqual([logout.vary, logout['cache-control']], ['Cookie', 'no-store'])
    } finally {
      client.close()
      await new Promise((resolve) => server.close(resolve))
    }
  })
})
