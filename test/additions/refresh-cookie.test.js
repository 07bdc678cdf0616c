'use strict'

// With refreshCookie a changed configuration and a rotated secret reach those who are logged in, once each.

const assert = require('node:assert/strict')
const { createSecretKey } = require('node:crypto')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const cookieParser = require('cookie-parser')
const { JsonStore, closeAll, loggedIn, serve, session, until, usual } = require('../support/harness')

const FileStore = require('session-file-store')(session)

class PromiseStore extends session.Store {
  sessions = new Map()
  async get(sid) {
    return JSON.parse(this.sessions.get(sid) ?? 'null')
  }
  async set(sid, data) {
    this.sessions.set(sid, JSON.stringify(data))
  }
  async destroy(sid) {
    this.sessions.delete(sid)
  }
}

const HTTPS = { 'x-forwarded-proto': 'https' }

const page = (req, res) => res.end('page')

/** A visitor who has logged in before the options were changed, and the app with the new ones. */
async function changed(before, after, handler = page) {
  const { store, cookie } = await loggedIn({ proxy: true, ...before }, page)
  const options = { proxy: true, refreshCookie: true, ...before, ...after, store, genid: () => 'new' }
  return { ...(await serve(options, handler)), store, cookie, options }
}

function attributesOf(text) {
  const [, ...attributes] = text.split('; ')
  return attributes.sort()
}

afterEach(closeAll)

describe('refreshCookie', () => {
  it('is off by itself: the old attributes stay', async () => {
    const { visit, cookie, store } = await changed(
      {},
      { refreshCookie: false, secret: ['new', usual.secret], cookie: { sameSite: 'strict' } }
    )
    assert.deepEqual((await visit({ cookie })).setCookie, [])
    assert.deepEqual(store.takeCalls(), ['get id1', 'touch id1'])
  })

  it('is true, false or nothing', () => {
    assert.throws(() => session({ ...usual, refreshCookie: 'yes' }), {
      name: 'TypeError',
      message: "refreshCookie option must be true or false, not 'yes'"
    })
  })

  const changes = {
    'SameSite is added': [{}, { sameSite: 'strict' }, ['HttpOnly', 'Path=/', 'SameSite=Strict']],
    'SameSite is another': [{ sameSite: true }, { sameSite: 'lax' }, ['HttpOnly', 'Path=/', 'SameSite=Lax']],
    'SameSite is taken away': [{ sameSite: 'lax' }, {}, ['HttpOnly', 'Path=/']],
    'Secure is added': [{}, { secure: true }, ['HttpOnly', 'Path=/', 'Secure']],
    'HttpOnly is taken away': [{}, { httpOnly: false }, ['Path=/']],
    'a priority is added': [{}, { priority: 'high' }, ['HttpOnly', 'Path=/', 'Priority=High']],
    "'auto' is asked for": [
      {},
      { secure: 'auto', sameSite: 'auto' },
      ['HttpOnly', 'Path=/', 'SameSite=None', 'Secure']
    ],
    'a function decides': [{}, () => ({ sameSite: 'lax' }), ['HttpOnly', 'Path=/', 'SameSite=Lax']]
  }
  for (const [title, [before, after, attributes]] of Object.entries(changes)) {
    it(`sends the cookie again, once, when ${title}`, async () => {
      const { visit, cookie, store } = await changed({ cookie: before }, { cookie: after })
      const first = await visit({ cookie, headers: HTTPS })
      assert.equal(first.setCookie.length, 1)
      assert.deepEqual(attributesOf(first.setCookie[0]), attributes)
      assert.equal(first.cookie, cookie)
      assert.deepEqual(store.takeCalls(), ['get id1', 'set id1'])

      assert.deepEqual((await visit({ cookie, headers: HTTPS })).setCookie, [])
      assert.deepEqual(store.takeCalls(), ['get id1', 'touch id1'])
    })
  }

  const sames = {
    nothing: [{}, {}],
    'true for strict': [{ sameSite: 'strict' }, { sameSite: true }],
    'false for nothing': [
      { secure: false, partitioned: undefined },
      { partitioned: false, sameSite: false }
    ],
    'the default, in so many words': [{}, { path: '/', httpOnly: true }],
    'only the idle timeout': [{ maxAge: 60000 }, { maxAge: 120000 }],
    'only the expiry': [{}, { expires: new Date(Date.now() + 60000) }]
  }
  for (const [title, [before, after]] of Object.entries(sames)) {
    it(`sends nothing when what has changed is ${title}`, async () => {
      const { visit, cookie } = await changed({ cookie: before }, { cookie: after })
      assert.deepEqual((await visit({ cookie })).setCookie, [])
    })
  }

  it('leaves the expiry as it is', async () => {
    const { visit, cookie, store } = await changed(
      { cookie: { maxAge: 60000 } },
      { cookie: { maxAge: 999000, sameSite: 'lax' } }
    )
    const expires = JSON.parse(store.sessions.id1).cookie.expires
    const { setCookie } = await visit({ cookie })
    assert.match(setCookie[0], /SameSite=Lax/)
    const stored = JSON.parse(store.sessions.id1).cookie
    assert.equal(stored.originalMaxAge, 60000)
    assert.equal(stored.sameSite, 'lax')
    assert.ok(Math.abs(new Date(stored.expires) - new Date(expires)) < 30000)
  })

  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sessions-'))
  after(() => fs.rmSync(folder, { recursive: true }))
  const stores = {
    MemoryStore: () => new session.MemoryStore(),
    'session-file-store': () =>
      new FileStore({ path: folder, logFn: () => {}, reapInterval: -1, retries: 0 }),
    'a store that has only get, set and destroy, by promise': () => new PromiseStore()
  }
  for (const [title, make] of Object.entries(stores)) {
    it(`works with ${title}, and so does clearCookie`, async () => {
      const store = make()
      const login = await serve({ store }, (req, res) => {
        req.session.user = 'ada'
        res.end()
      })
      const { cookie } = await login.visit()
      const options = { store, refreshCookie: true, clearCookie: true, cookie: { sameSite: 'lax' } }
      const served = await serve(options, (req, res) => {
        if (req.url === '/logout') return req.session.destroy(() => res.end())
        return res.end(req.session.user)
      })
      const first = await served.visit({ cookie })
      assert.equal(first.body, 'ada')
      assert.match(first.setCookie.join(), /SameSite=Lax/)
      assert.deepEqual((await served.visit({ cookie })).setCookie, [])
      const logout = await served.visit({ path: '/logout', cookie })
      assert.match(logout.setCookie.join(), /^connect\.sid=;.*SameSite=Lax/)
      assert.deepEqual(served.errors, [])
    })
  }

  it('loses no data, and none that the app writes meanwhile', async () => {
    const { visit, cookie, store } = await changed({}, { cookie: { sameSite: 'lax' } }, (req, res) => {
      req.session.more = 1
      res.end()
    })
    await visit({ cookie })
    const { user, nested, more, cookie: stored } = JSON.parse(store.sessions.id1)
    assert.deepEqual([user, nested, more, stored.sameSite], ['ada', { count: 0 }, 1, 'lax'])
  })

  it('writes once where the app saves by itself, and again what a failed save has not stored', async () => {
    const saves = async (req, res) => {
      await req.session.save()
      res.end()
    }
    const { visit, cookie, store } = await changed({}, { cookie: { sameSite: 'lax' } }, saves)
    await visit({ cookie })
    assert.deepEqual(store.takeCalls(), ['get id1', 'set id1'])

    const other = await changed({}, { cookie: { sameSite: 'lax' } })
    const { set } = other.store
    other.store.set = (sid, data, callback) => callback(new Error('disk full'))
    await other.visit({ cookie: other.cookie })
    await until(() => other.errors.length === 1)
    other.store.set = set
    const restarted = await serve(other.options, page)
    assert.equal((await restarted.visit({ cookie: other.cookie })).setCookie.length, 1)
    assert.equal(JSON.parse(other.store.sessions.id1).cookie.sameSite, 'lax')
  })

  it('holds after the app has loaded the session again', async () => {
    const { visit, cookie, store } = await changed({}, { cookie: { sameSite: 'lax' } }, async (req, res) => {
      await req.session.reload()
      res.end()
    })
    assert.match((await visit({ cookie })).setCookie[0], /SameSite=Lax/)
    assert.equal(JSON.parse(store.sessions.id1).cookie.sameSite, 'lax')
  })

  it('sends no cookie for ever to the visitors of a store that does not keep its attributes', async () => {
    const store = new JsonStore()
    const { set } = store
    store.set = (sid, { cookie, ...data }, callback) =>
      set.call(store, sid, { ...data, cookie: { originalMaxAge: cookie.originalMaxAge } }, callback)
    const { visit, cookie } = await changed({ store }, { cookie: { sameSite: 'lax', maxAge: 60000 } })
    assert.equal((await visit({ cookie })).setCookie.length, 1)
    for (let i = 0; i < 3; i++) assert.deepEqual((await visit({ cookie })).setCookie, [])
    assert.equal(store.takeCalls().filter((call) => call === 'set id1').length, 1)
  })

  it('sends it with the next response where the first one was lost', async () => {
    const { visit, cookie } = await changed({}, { cookie: { sameSite: 'lax' } }, (req, res) => {
      if (req.url === '/lost') req.socket.destroy()
      else res.end()
    })
    assert.equal((await visit({ path: '/lost', cookie })).end, 'refused')
    assert.match((await visit({ cookie })).setCookie[0], /SameSite=Lax/)
  })

  it('follows an app that changes its mind', async () => {
    let sameSite = 'lax'
    const { visit, cookie } = await changed({}, { cookie: () => ({ sameSite }) })
    for (sameSite of ['lax', 'strict', 'lax']) {
      assert.equal((await visit({ cookie })).setCookie.length, 1, sameSite)
      assert.equal((await visit({ cookie })).setCookie.length, 0, sameSite)
    }
  })

  describe('where browsers keep both cookies', () => {
    for (const [title, [before, after, old]] of Object.entries({
      'the path': [{ path: '/shop' }, { path: '/' }, ['HttpOnly', 'Path=/shop']],
      'the domain': [{ domain: 'example.com' }, {}, ['Domain=example.com', 'HttpOnly', 'Path=/']],
      Partitioned: [{ secure: true }, { secure: true, partitioned: true }, ['HttpOnly', 'Path=/', 'Secure']]
    })) {
      it(`removes the old one when ${title} has changed, at a login too`, async () => {
        for (const url of ['/shop/page', '/shop/new']) {
          const { store } = await loggedIn({ proxy: true, cookie: { ...before, path: '/' } }, page)
          store.sessions.id1 = JSON.stringify({
            cookie: { originalMaxAge: null, httpOnly: true, path: '/', ...before }
          })
          const { cookie } = await loggedIn({ secret: usual.secret }, page)
          const served = await serve(
            { proxy: true, store, refreshCookie: true, cookie: after, genid: () => 'new' },
            async (req, res) => {
              if (req.url === '/shop/new') await req.session.regenerate()
              res.end()
            }
          )
          const { setCookie } = await served.visit({ path: url, cookie, headers: HTTPS })
          assert.equal(setCookie.length, 2)
          assert.match(setCookie[0], /^connect\.sid=;.*Expires=Thu, 01 Jan 1970/)
          assert.deepEqual(
            attributesOf(setCookie[0]).filter((text) => !text.startsWith('Expires')),
            old
          )
          assert.match(setCookie[1], /^connect\.sid=s%3A/)
        }
      })
    }
  })

  it('changes nothing where the new cookie may not be sent', async () => {
    const { visit, cookie, store } = await changed({}, { cookie: { secure: true } })
    assert.deepEqual((await visit({ cookie })).setCookie, [])
    assert.deepEqual(store.takeCalls(), ['get id1', 'touch id1'])
    assert.match((await visit({ cookie, headers: HTTPS })).setCookie[0], /; Secure/)
  })

  it("never takes Secure away by 'auto'", async () => {
    const { store, cookie } = await loggedIn({}, page)
    store.sessions.id1 = JSON.stringify({
      cookie: { originalMaxAge: null, httpOnly: true, path: '/', secure: true }
    })
    const served = await serve({ store, refreshCookie: true, cookie: { secure: 'auto' } }, page)
    assert.deepEqual((await served.visit({ cookie })).setCookie, [])
    assert.equal(JSON.parse(store.sessions.id1).cookie.secure, true)
  })

  for (const rememberSignatures of [true, false]) {
    describe(`with rememberSignatures: ${rememberSignatures}`, () => {
      it('sends the cookie again that an older secret has signed, and stores nothing for it', async () => {
        const { visit, cookie, store, options } = await changed(
          {},
          { secret: ['new', usual.secret], rememberSignatures }
        )
        const first = await visit({ cookie })
        assert.equal(first.setCookie.length, 1)
        assert.notEqual(first.cookie, cookie)
        assert.deepEqual(store.takeCalls(), ['get id1', 'touch id1'])
        assert.deepEqual((await visit({ cookie: first.cookie })).setCookie, [])
        // As long as the old one comes, it is told.
        assert.equal((await visit({ cookie })).cookie, first.cookie)

        const later = await serve({ ...options, secret: 'new' }, (req, res) => res.end(req.session.user))
        assert.equal((await later.visit({ cookie: first.cookie })).body, 'ada')
        assert.equal((await later.visit({ cookie })).body, '')
      })

      it('knows what the first one has signed, be it a Buffer or a key', async () => {
        const secrets = [Buffer.from('new'), createSecretKey(Buffer.from('old'))]
        for (const secret of [secrets, [...secrets].reverse()]) {
          const { visit, cookie } = await changed({ secret: secret[0] }, { secret, rememberSignatures })
          assert.deepEqual((await visit({ cookie })).setCookie, [])
        }
      })
    })
  }

  it('sends nothing to who presents the cookie in another spelling', async () => {
    const { visit, cookie } = await changed({}, {})
    assert.deepEqual((await visit({ cookie: decodeURIComponent(cookie) })).setCookie, [])
  })

  it('sends nothing where only cookieParser() knows who has signed', async () => {
    const { store, cookie } = await loggedIn({}, page)
    const served = await serve({ store, refreshCookie: true }, page, (app) => {
      app.use(cookieParser(usual.secret))
      app.use((req, res, next) => {
        delete req.headers.cookie
        next()
      })
    })
    assert.deepEqual((await served.visit({ cookie })).setCookie, [])
  })

  it('goes with rolling, touchInterval, absoluteTimeout and resave', async () => {
    for (const option of [
      { rolling: true },
      { touchInterval: 60000 },
      { absoluteTimeout: 60000 },
      { resave: true }
    ]) {
      const { visit, cookie, store } = await changed(
        { ...option, cookie: { maxAge: 60000 } },
        { cookie: { maxAge: 60000, sameSite: 'lax' } }
      )
      assert.match((await visit({ cookie })).setCookie[0], /SameSite=Lax/)
      assert.equal(JSON.parse(store.sessions.id1).cookie.sameSite, 'lax')
      const again = (await visit({ cookie })).setCookie
      assert.equal(again.length, option.rolling ? 1 : 0, JSON.stringify(option))
    }
  })

  it('sends nothing for a session that the app ends in the same request, but its removal', async () => {
    const { visit, cookie } = await changed(
      { cookie: { sameSite: 'strict' } },
      { clearCookie: true, cookie: { sameSite: 'lax' } },
      (req, res) => req.session.destroy(() => res.end())
    )
    const { setCookie } = await visit({ cookie })
    assert.equal(setCookie.length, 1)
    assert.match(setCookie[0], /^connect\.sid=;.*SameSite=Strict/)
  })
})
