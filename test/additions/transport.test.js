'use strict'

// With another transport the signed session id travels as the app wants: signed and verified as in a cookie.

const assert = require('node:assert/strict')
const cookieParser = require('cookie-parser')
const http = require('node:http')
const {
  JsonStore,
  closeAll,
  listen,
  serve,
  session,
  unhandledDuring,
  until,
  usual,
  warningsDuring
} = require('../support/harness')

const { headerTransport } = session

/** An app where `/login` writes to the session, `/logout` ends it, and all else says whose it is. */
function whose(req, res, next) {
  if (req.url === '/logout') return req.session.destroy((error) => (error ? next(error) : res.end()))
  if (req.url === '/login') req.session.user = 'ada'
  res.end(req.session.user)
}

/** A transport that keeps count of what it was asked. */
function recording(over) {
  const asked = []
  const transport = {
    asked,
    read(req) {
      asked.push('read')
      return req.headers['x-own']
    },
    write(req, res, value, cookie) {
      asked.push('write')
      assert.equal(this, transport)
      assert.equal(cookie.path, '/')
      res.setHeader('X-Own', value)
    },
    clear(req, res) {
      asked.push('clear')
      res.setHeader('X-Own', 'none')
    },
    ...over
  }
  return transport
}

afterEach(closeAll)

describe('headerTransport', () => {
  it('carries a session for a client that keeps no cookies', async () => {
    const { visit } = await serve({ transport: headerTransport() }, whose)
    const login = await visit({ path: '/login' })
    assert.deepEqual(login.setCookie, [])
    const id = login.headers['x-session-id']
    assert.match(id, /^s%3Aid1\.[\w%]+$/)
    const page = await visit({ headers: { 'X-Session-Id': id } })
    assert.equal(page.body, 'ada')
    assert.equal(page.headers['x-session-id'], undefined)
    assert.equal((await visit({ headers: { 'X-Session-Id': decodeURIComponent(id) } })).body, 'ada')
  })

  it('takes another name, in any case', async () => {
    const { visit } = await serve({ transport: headerTransport('X-Token') }, whose)
    const id = (await visit({ path: '/login' })).headers['x-token']
    assert.equal((await visit({ headers: { 'x-tOKEN': id } })).body, 'ada')
  })

  it('refuses a name that no header can have', () => {
    for (const name of ['', 'a b', 'a:', 42, null, 'é']) {
      assert.throws(() => headerTransport(name), {
        name: 'TypeError',
        message: /^the name of headerTransport must be that of a header, not /
      })
    }
  })

  it('reads no cookie, be it from cookieParser(), and the cookie reads no header', async () => {
    const store = new JsonStore()
    const byCookie = await serve({ store }, whose)
    const { cookie } = await byCookie.visit({ path: '/login' })
    const value = cookie.split('=')[1]
    const byHeader = await serve({ store, transport: headerTransport() }, whose, (app) =>
      app.use(cookieParser(usual.secret))
    )
    assert.equal((await byHeader.visit({ cookie })).body, '')
    assert.equal((await byCookie.visit({ headers: { 'x-session-id': value } })).body, '')
    // The value is the same.
    assert.equal((await byHeader.visit({ headers: { 'x-session-id': value } })).body, 'ada')
  })

  it('verifies: a forged id, or the bare one, opens nothing', async () => {
    const reasons = []
    const { visit } = await serve({ transport: headerTransport() }, (req, res) => {
      reasons.push(session.infoOf(req).reason)
      whose(req, res)
    })
    const id = (await visit({ path: '/login' })).headers['x-session-id']
    for (const forged of ['id1', 's:id1', id.slice(0, -1), `${id}, ${id}`, '%']) {
      assert.equal((await visit({ headers: { 'x-session-id': forged } })).body, '', forged)
    }
    assert.deepEqual(reasons, ['none', ...Array(5).fill('forged')])
  })

  it('sends the id over plain http, whatever the cookie would need', async () => {
    const { visit } = await serve(
      { transport: headerTransport(), cookie: { secure: true, sameSite: 'none' } },
      whose
    )
    assert.ok((await visit({ path: '/login' })).headers['x-session-id'])
  })

  it('says with an empty header that the id is to be forgotten, under clearCookie', async () => {
    const options = { transport: headerTransport(), clearCookie: true }
    const { visit } = await serve(options, whose)
    const id = (await visit({ path: '/login' })).headers['x-session-id']
    assert.equal(
      (await visit({ path: '/logout', headers: { 'x-session-id': id } })).headers['x-session-id'],
      ''
    )

    const own = await serve(options, (req, res) => {
      if (req.url !== '/own') return whose(req, res)
      res.set('X-Session-Id', 'own')
      return req.session.destroy(() => res.end())
    })
    const other = (await own.visit({ path: '/login' })).headers['x-session-id']
    assert.equal(
      (await own.visit({ path: '/own', headers: { 'x-session-id': other } })).headers['x-session-id'],
      'own'
    )
  })

  it('sends the id again under rolling, and under refreshCookie once the secret has changed', async () => {
    const store = new JsonStore()
    const transport = headerTransport()
    const rolling = await serve({ store, transport, rolling: true }, whose)
    const id = (await rolling.visit({ path: '/login' })).headers['x-session-id']
    assert.equal((await rolling.visit({ headers: { 'x-session-id': id } })).headers['x-session-id'], id)

    const rotated = await serve(
      { store, transport, refreshCookie: true, secret: ['new', usual.secret] },
      whose
    )
    const renewed = (await rotated.visit({ headers: { 'x-session-id': id } })).headers['x-session-id']
    assert.ok(renewed && renewed !== id)
    assert.equal(
      (await rotated.visit({ headers: { 'x-session-id': renewed } })).headers['x-session-id'],
      undefined
    )
  })

  it('carries ids that no header could hold as they are', async () => {
    const { visit } = await serve({ transport: headerTransport(), genid: () => 'é 1' }, whose)
    const id = (await visit({ path: '/login' })).headers['x-session-id']
    assert.equal((await visit({ headers: { 'x-session-id': id } })).body, 'ada')
  })
})

describe('transport', () => {
  it("is 'cookie' by itself", async () => {
    for (const transport of [undefined, 'cookie', () => 'cookie']) {
      const { visit } = await serve({ transport }, whose)
      const { cookie } = await visit({ path: '/login' })
      assert.equal((await visit({ cookie })).body, 'ada')
    }
  })

  it('may be an object of the app, of a class too', async () => {
    const transport = recording()
    const { visit } = await serve({ transport, clearCookie: true }, whose)
    const value = (await visit({ path: '/login' })).headers['x-own']
    assert.match(value, /^s:id1\./)
    const headers = { 'x-own': value }
    assert.equal((await visit({ headers })).body, 'ada')
    assert.equal((await visit({ path: '/logout', headers })).headers['x-own'], 'none')
    assert.deepEqual(transport.asked, ['read', 'write', 'read', 'read', 'clear'])
  })

  it('may give several values, of which the first that is valid counts, or nothing', async () => {
    let given
    const { visit } = await serve({ transport: recording({ read: () => given }) }, whose)
    const value = (await visit({ path: '/login' })).headers['x-own']
    for (given of [[value], ['forged', value], new Set(['', 42, null, value]), [[], value]]) {
      assert.equal((await visit()).body, 'ada')
    }
    for (given of [undefined, null, '', [], ['forged'], [undefined]]) assert.equal((await visit()).body, '')
    // Each costs a signature: not more than sixteen are looked at.
    given = [...Array(16).fill('forged'), value]
    assert.equal((await visit()).body, '')
  })

  it('may be a function of the request, which is called once for each', async () => {
    let calls = 0
    const transport = (req) => {
      calls++
      return req.headers['x-client'] ? headerTransport() : 'cookie'
    }
    const { visit } = await serve({ transport, rolling: true, clearCookie: true, cacheControl: true }, whose)
    const browser = await visit({ path: '/login' })
    const client = await visit({ path: '/login', headers: { 'x-client': '1' } })
    assert.ok(browser.cookie && !browser.headers['x-session-id'])
    assert.ok(!client.cookie && client.headers['x-session-id'])
    assert.equal(calls, 2)

    const id = client.headers['x-session-id']
    assert.equal((await visit({ cookie: browser.cookie })).body, 'ada')
    assert.equal((await visit({ headers: { 'x-client': '1', 'x-session-id': id } })).body, 'ada')
    // What travels the other way is not looked at.
    assert.equal((await visit({ cookie: browser.cookie, headers: { 'x-client': '1' } })).body, '')
    assert.equal((await visit({ headers: { 'x-session-id': id } })).body, '')
    assert.equal(calls, 6)
  })

  const wrong = {
    "a text other than 'cookie'": ['header', "not 'header'"],
    null: [null, 'not null'],
    'a number': [1, 'not 1'],
    'a promise': [
      Promise.resolve('cookie'),
      'must be there at once, and not be a promise, as an async function returns it'
    ],
    'an object without read': [
      { write() {}, clear() {} },
      'transport option.read must be a function, not undefined'
    ],
    'an object without write': [
      { read() {}, clear() {} },
      'transport option.write must be a function, not undefined'
    ],
    'an object without clear': [
      { read() {}, write() {}, clear: 'x' },
      "transport option.clear must be a function, not 'x'"
    ],
    'an object with a bad vary': [
      { read() {}, write() {}, clear() {}, vary: 'a b' },
      'transport option.vary must be the name of a header, or several, not another text'
    ]
  }
  for (const [title, [transport, message]] of Object.entries(wrong)) {
    it(`is refused as ${title}, by session() or by next`, async () => {
      assert.throws(
        () => session({ ...usual, transport }),
        (error) => {
          assert.ok(error instanceof TypeError)
          assert.match(error.message, /^transport option/)
          assert.ok(error.message.includes(message), error.message)
          return true
        }
      )
      const { visit, errors } = await serve({ transport: () => transport }, whose)
      assert.equal((await visit()).status, 500)
      assert.ok(errors[0] instanceof TypeError)
      assert.match(errors[0].message, /transport option/)
    })
  }

  it('shows no signed id where a function gives that in the place of a transport', async () => {
    const { visit, errors } = await serve({ transport: (req) => req.headers['x-session-id'] }, whose)
    await visit({ headers: { 'x-session-id': 's:secret-of-a-visitor.signature' } })
    assert.match(errors[0].message, /not another text$/)
  })

  it('ends in an error page where it throws on reading, and never in a crash', async () => {
    const boom = () => {
      throw new Error('boom')
    }
    const rejects = () => Promise.reject(new Error('boom'))
    const unhandled = await unhandledDuring(async () => {
      for (const transport of [boom, rejects, recording({ read: boom }), recording({ read: rejects })]) {
        const served = await serve({ transport, cacheControl: true, clearCookie: true }, whose)
        const answer = await served.visit()
        assert.equal(answer.status, 500)
        assert.equal(served.errors.length, 1)
        assert.equal(served.visits, 0)
      }
    })
    assert.deepEqual(unhandled, [])
  })

  it('has its errors on writing reported when the response is out, and never crashes', async () => {
    const boom = () => {
      throw new Error('boom')
    }
    const rejects = async () => boom()
    const unhandled = await unhandledDuring(async () => {
      for (const fails of [boom, rejects]) {
        const served = await serve({ transport: recording({ write: fails }), cacheControl: true }, whose)
        const answer = await served.visit({ path: '/login' })
        assert.deepEqual([answer.status, answer.body], [200, 'ada'])
        await until(() => served.errors.length === 1)
        assert.equal(served.errors[0].message, 'boom')
      }
    })
    assert.deepEqual(unhandled, [])
  })

  it('has its errors on clearing reported likewise', async () => {
    const rejects = async () => {
      throw new Error('boom')
    }
    for (const clear of [rejects, () => assert.fail('boom')]) {
      const served = await serve({ transport: recording({ clear }), clearCookie: true }, whose)
      const value = (await served.visit({ path: '/login' })).headers['x-own']
      const answer = await served.visit({ path: '/logout', headers: { 'x-own': value } })
      assert.deepEqual([answer.status, answer.end], [200, 'complete'])
      await until(() => served.errors.length === 1)
      assert.equal(served.errors[0].message, 'boom')
    }
  })

  it('may set a cookie of its own, with what the session says of it', async () => {
    const transport = recording({
      read: (req) => /mine=([^;]*)/.exec(req.headers.cookie || '')?.[1],
      write: (req, res, value, { httpOnly, path }) => res.cookie('mine', value, { httpOnly, path }),
      clear: (req, res) => res.clearCookie('mine')
    })
    const { visit } = await serve({ transport, clearCookie: true }, whose)
    const { cookie } = await visit({ path: '/login' })
    assert.match(cookie, /^mine=s%3Aid1/)
    assert.equal((await visit({ cookie })).body, 'ada')
    assert.match((await visit({ path: '/logout', cookie })).setCookie[0], /^mine=;/)
  })

  it('works without Express', async () => {
    const middleware = session({ ...usual, transport: headerTransport() })
    const { visit } = await listen(
      http.createServer((req, res) =>
        middleware(req, res, (error) => (error ? res.end('no') : whose(req, res)))
      )
    )
    const id = (await visit({ path: '/login' })).headers['x-session-id']
    assert.equal((await visit({ headers: { 'x-session-id': id } })).body, 'ada')
  })

  it('keeps the warnings of cookies for cookies', async () => {
    const { visit } = await serve(
      { transport: headerTransport(), name: '__Host-x', cookie: { secure: true } },
      whose
    )
    assert.deepEqual(await warningsDuring(() => visit({ path: '/login' })), [])
  })
})
