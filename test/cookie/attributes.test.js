'use strict'

// What the app sets on a session's cookie is in the next Set-Cookie, every attribute of it, and touches no other session.

const assert = require('node:assert/strict')
const { serialize } = require('cookie')
const { sign } = require('cookie-signature')
const fc = require('fast-check')
const { JsonStore, closeAll, serve, session, until, usual } = require('../support/harness')
const { stopClock } = require('../support/clock')

const HTTPS = { 'X-Forwarded-Proto': 'https' }

/** What Set-Cookie must say of an id and these attributes. */
const expected = (id, data) => serialize('connect.sid', 's:' + sign(id, usual.secret), data)

/** The attributes in a Set-Cookie header: all that follows the value. */
const attributesOf = ({ setCookie: [text] }) => text.slice(text.indexOf(';') + 2)

/** Serves an app whose every new visitor gets the next change of the cookie. */
async function serveChanges(changes, options) {
  const left = [...changes]
  return serve({ store: new JsonStore(), proxy: true, ...options }, (req, res) => {
    req.session.user = 'ada'
    left.shift()?.(req.session.cookie)
    res.send('body')
  })
}

/** One change after the other, each by a new visitor: the attributes of their cookies. */
async function attributesAfter(changes, options) {
  const { visit } = await serveChanges(changes, options)
  const texts = []
  for (let i = 0; i < changes.length; i++) texts.push(attributesOf(await visit({ headers: HTTPS })))
  return texts
}

const nothing = () => {}
const set = (attributes) => (cookie) => Object.assign(cookie, attributes)

describe('an attribute of a cookie', () => {
  let clock
  beforeEach(() => (clock = stopClock()))
  afterEach(() => {
    clock.restore()
    return closeAll()
  })

  const attributes = {
    domain: ['example.com', 'Domain=example.com; Path=/; HttpOnly'],
    path: ['/shop', 'Path=/shop; HttpOnly'],
    httpOnly: [false, 'Path=/'],
    secure: [true, 'Path=/; HttpOnly; Secure'],
    sameSite: ['strict', 'Path=/; HttpOnly; SameSite=Strict'],
    partitioned: [true, 'Path=/; HttpOnly; Partitioned'],
    priority: ['high', 'Path=/; HttpOnly; Priority=High'],
    maxAge: [60_000, 'Path=/; Expires=Tue, 01 Jan 2030 00:01:00 GMT; HttpOnly'],
    expires: [new Date(Date.UTC(2030, 0, 1, 1)), 'Path=/; Expires=Tue, 01 Jan 2030 01:00:00 GMT; HttpOnly']
  }

  for (const [name, [value, text]] of Object.entries(attributes)) {
    it(`is sent, and with this session only: ${name}`, async () => {
      assert.deepEqual(await attributesAfter([nothing, set({ [name]: value }), nothing]), [
        'Path=/; HttpOnly',
        text,
        'Path=/; HttpOnly'
      ])
    })

    it(`is sent when the very first cookie has it: ${name}`, async () => {
      assert.deepEqual(await attributesAfter([set({ [name]: value }), nothing]), [text, 'Path=/; HttpOnly'])
    })
  }

  it('is sent in each of the forms that say the same', async () => {
    const forms = [true, 'strict', 'Strict', 'STRICT', 'lax', 'Lax', false, undefined, 'none']
    assert.deepEqual(
      await attributesAfter(forms.map((sameSite) => set({ sameSite }))),
      ['Strict', 'Strict', 'Strict', 'Strict', 'Lax', 'Lax', undefined, undefined, 'None'].map((name) =>
        name ? `Path=/; HttpOnly; SameSite=${name}` : 'Path=/; HttpOnly'
      )
    )
  })

  it('is sent again with every response under rolling, as the session has it', async () => {
    const store = new session.MemoryStore()
    const { visit } = await serve({ store, rolling: true }, (req, res) => {
      req.session.user = 'ada'
      if (req.path === '/strict') req.session.cookie.sameSite = 'strict'
      if (req.path === '/shop') req.session.cookie.domain = 'example.com'
      res.end()
    })
    const first = await visit()
    const { cookie } = first
    const texts = [attributesOf(first)]
    for (const path of ['/strict', '/', '/shop', '/']) texts.push(attributesOf(await visit({ path, cookie })))
    assert.deepEqual(texts, [
      'Path=/; HttpOnly',
      'Path=/; HttpOnly; SameSite=Strict',
      'Path=/; HttpOnly; SameSite=Strict',
      'Domain=example.com; Path=/; HttpOnly; SameSite=Strict',
      'Domain=example.com; Path=/; HttpOnly; SameSite=Strict'
    ])
  })

  it('is sent for each of two sessions that go on side by side', async () => {
    const store = new session.MemoryStore()
    const { visit } = await serve({ store, rolling: true }, (req, res) => {
      req.session.user = 'ada'
      if (req.path === '/strict') req.session.cookie.sameSite = 'strict'
      res.end()
    })
    const plain = (await visit()).cookie
    const strict = (await visit({ path: '/strict' })).cookie
    for (let i = 0; i < 3; i++) {
      assert.equal(attributesOf(await visit({ cookie: plain })), 'Path=/; HttpOnly')
      assert.equal(attributesOf(await visit({ cookie: strict })), 'Path=/; HttpOnly; SameSite=Strict')
    }
  })

  it('is sent as the options of each middleware say, with one store for all', async () => {
    const store = new JsonStore()
    const served = []
    for (const path of ['/', '/one', '/two']) {
      served.push(
        await serve({ store, cookie: { path } }, (req, res) => {
          req.session.user = 'ada'
          res.end()
        })
      )
    }
    for (const [i, path] of [
      [1, '/one'],
      [0, '/'],
      [2, '/two'],
      [1, '/one']
    ]) {
      assert.equal(attributesOf(await served[i].visit({ path })), `Path=${path}; HttpOnly`)
    }
  })
})

describe('attributes that only the library for cookies knows', () => {
  afterEach(closeAll)

  /** Gives a cookie `data` of its own. */
  const ownData = (attributes) => (cookie) => {
    const { data } = cookie
    Object.defineProperty(cookie, 'data', { value: { ...data, ...attributes } })
  }

  it('are sent from the data of the cookie, and with this session only', async () => {
    assert.deepEqual(
      await attributesAfter([
        nothing,
        ownData({ maxAge: 60 }),
        ownData({ maxAge: 120 }),
        nothing,
        ownData({ sameSite: 'none', secure: true })
      ]),
      [
        'Path=/; HttpOnly',
        'Max-Age=60; Path=/; HttpOnly',
        'Max-Age=120; Path=/; HttpOnly',
        'Path=/; HttpOnly',
        'Path=/; HttpOnly; Secure; SameSite=None'
      ]
    )
  })

  it('encode the value', async () => {
    const upper = (value) => encodeURIComponent(value).toUpperCase()
    const { visit } = await serveChanges([nothing, ownData({ encode: upper }), nothing])
    const values = []
    for (let i = 0; i < 3; i++) values.push((await visit()).cookie.split('=')[1])
    const plain = (id) => encodeURIComponent('s:' + sign(id, usual.secret))
    assert.deepEqual(values, [plain('id1'), upper('s:' + sign('id2', usual.secret)), plain('id3')])
  })

  it('are read from a getter of the cookie, at the time of the response', async () => {
    const { visit } = await serve({ store: new JsonStore() }, (req, res) => {
      req.session.user = 'ada'
      Object.defineProperty(req.session.cookie, 'data', {
        get: () => ({ path: req.session.where, httpOnly: true, expires: null, originalMaxAge: null })
      })
      req.session.where = '/late'
      res.end()
    })
    assert.equal(attributesOf(await visit()), 'Path=/late; HttpOnly')
  })
})

describe('an attribute that cannot be serialised', () => {
  afterEach(closeAll)

  const refused = {
    'a path with a line break': { path: '/\r\nSet-Cookie: evil=1' },
    'a domain that is none': { domain: 'exa mple;' },
    'a sameSite that nobody knows': { sameSite: 'sometimes' },
    'a priority that nobody knows': { priority: 'urgent' },
    'a priority that is no text': { priority: 5 },
    'a date that is none': { expires: new Date(NaN) }
  }

  for (const [name, attributes] of Object.entries(refused)) {
    for (const order of ['first', 'between']) {
      it(`fails for the one session, ${order}: ${name}`, async () => {
        const changes = order === 'first' ? [set(attributes), nothing] : [nothing, set(attributes), nothing]
        const store = new JsonStore()
        const { visit, errors } = await serveChanges(changes, { store })
        const seen = []
        for (let i = 0; i < changes.length; i++) seen.push(await visit())
        const bad = seen.splice(order === 'first' ? 0 : 1, 1)[0]
        await until(() => errors.length > 0)

        assert.equal(errors.length, 1)
        assert.ok(errors[0] instanceof TypeError)
        assert.deepEqual([bad.end, bad.setCookie], ['complete', []])
        for (const response of seen) {
          assert.deepEqual([response.body, attributesOf(response)], ['body', 'Path=/; HttpOnly'])
        }
      })
    }
  }

  for (const [kind, make] of Object.entries({
    'a MemoryStore': () => new session.MemoryStore(),
    'another store': () => new JsonStore()
  })) {
    it(`in JSON fails for the one session, in ${kind}`, async () => {
      const cycle = {}
      cycle.self = cycle
      for (const value of [10n, cycle]) {
        const store = make()
        const { visit, errors } = await serve({ store }, (req, res) => {
          if (req.path === '/bad') req.session.cookie.signature = req.session.cookie.partitioned = value
          req.session.views = (req.session.views ?? 0) + 1
          res.send('body')
        })
        const { cookie } = await visit()
        const { end, body } = await visit({ path: '/bad', cookie })
        assert.equal(end, 'complete')
        assert.ok(body === 'body' || body.startsWith('Error page'), body)
        await until(() => errors.length > 0)
        assert.equal(errors.length, 1)

        assert.equal((await visit()).body, 'body')
        assert.equal((await visit({ cookie })).body, 'body')
        assert.equal(JSON.parse(store.sessions.id1).views, 2)
        assert.equal(errors.length, 1)
        await closeAll()
      }
    })
  }

  it('in the store fails for the one session', async () => {
    const store = new JsonStore()
    const { visit, errors } = await serve({ store, rolling: true }, (req, res) => {
      req.session.views = (req.session.views ?? 0) + 1
      res.send('body')
    })
    const one = (await visit()).cookie
    const other = (await visit()).cookie
    const stored = JSON.parse(store.sessions.id1)
    stored.cookie.sameSite = 'sometimes'
    store.sessions.id1 = JSON.stringify(stored)

    const bad = await visit({ cookie: one })
    assert.deepEqual([bad.end, bad.setCookie], ['complete', []])
    await until(() => errors.length > 0)
    assert.match(errors[0].message, /sameSite/)
    const good = await visit({ cookie: other })
    assert.deepEqual([good.body, attributesOf(good)], ['body', 'Path=/; HttpOnly'])
    assert.equal(errors.length, 1)
  })
})

describe('any attributes, one session after the other', () => {
  let clock
  beforeEach(() => (clock = stopClock()))
  afterEach(() => {
    clock.restore()
    return closeAll()
  })

  const attribute = (...values) => fc.option(fc.constantFrom(...values), { nil: undefined })
  const cookie = fc.record(
    {
      domain: attribute('example.com', '.example.com', 'b.example.com', 'bad domain', '', 5),
      path: attribute('/', '/shop', '/a=b', 'no slash', '/\n', '', null),
      httpOnly: attribute(true, false, null, 'yes', 0),
      secure: attribute(true, false, 'auto', null, 0),
      sameSite: attribute(true, false, 'lax', 'LAX', 'strict', 'none', 'never', null, 0),
      partitioned: attribute(true, false, 'yes', null),
      priority: attribute('low', 'medium', 'High', 'urgent', '', null),
      expires: attribute(new Date(Date.UTC(2030, 0, 2)), new Date(Date.UTC(2029, 0, 1)), new Date(NaN), null)
    },
    { requiredKeys: [] }
  )

  it('are sent as the library for cookies writes them, or refused as it refuses them', async () => {
    let attributes, sent
    const { visit, errors } = await serve({ store: new JsonStore(), proxy: true }, (req, res) => {
      req.session.user = 'ada'
      Object.assign(req.session.cookie, attributes)
      res.end()
      sent = { id: req.sessionID, data: req.session.cookie.data }
    })

    await fc.assert(
      fc.asyncProperty(fc.array(cookie, { maxLength: 8 }), async (cookies) => {
        for (attributes of cookies) {
          errors.length = 0
          const { end, setCookie } = await visit({ headers: HTTPS })
          assert.equal(end, 'complete')
          let text
          try {
            text = expected(sent.id, sent.data)
          } catch (error) {
            await until(() => errors.length > 0)
            assert.equal(errors[0].message, error.message)
          }
          assert.deepEqual(setCookie, text === undefined ? [] : [text])
        }
      }),
      { numRuns: 60 }
    )
  })
})
