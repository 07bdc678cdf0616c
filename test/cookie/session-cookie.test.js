'use strict'

const assert = require('node:assert/strict')
const { sign } = require('cookie-signature')
const { JsonStore, closeAll, serve, session, usual, warningsDuring } = require('../support/harness')

const signed = (id, secret = usual.secret) => `connect.sid=${encodeURIComponent('s:' + sign(id, secret))}`

/** Counts visits of a session, and tells its id. */
function countVisits(req, res) {
  req.session.count = (req.session.count || 0) + 1
  res.send(`${req.sessionID} ${req.session.count}`)
}

const bodyOf = async (visit) => (await visit).body

describe('the cookie option as a function', () => {
  afterEach(closeAll)

  it("resolves secure: 'auto' and sameSite: 'auto'", async () => {
    const { visit } = await serve(
      { store: new JsonStore(), cookie: () => ({ secure: 'auto', sameSite: 'auto' }), proxy: true },
      countVisits
    )
    const http = await visit()
    assert.match(http.setCookie[0], /; Path=\/; HttpOnly; SameSite=Lax$/)
    const https = await visit({ headers: { 'X-Forwarded-Proto': 'https' } })
    assert.match(https.setCookie[0], /; HttpOnly; Secure; SameSite=None$/)
  })

  it('is called at most once a request', async () => {
    let calls = 0
    const { visit } = await serve(
      {
        store: new JsonStore(),
        cookie: () => {
          calls += 1
          return { maxAge: 5000 }
        }
      },
      (req, res) => {
        req.session.regenerate(() => countVisits(req, res))
      }
    )
    await visit()
    assert.equal(calls, 1)
  })

  it('has its path honoured', async () => {
    const { visit } = await serve(
      { store: new JsonStore(), cookie: () => ({ path: '/app' }) },
      (req, res) => {
        res.send(String(req.session !== undefined))
      }
    )
    assert.equal(await bodyOf(visit({ path: '/app/page' })), 'true')
    assert.equal(await bodyOf(visit({ path: '/other' })), 'false')
  })

  it('that throws is an error for next', async () => {
    const { visit } = await serve(
      {
        store: new JsonStore(),
        cookie: () => {
          throw new Error('no cookie today')
        }
      },
      countVisits
    )
    assert.equal(await bodyOf(visit()), 'Error page: no cookie today')
  })
})

describe("several cookies with the session's name", () => {
  afterEach(closeAll)

  const others = {
    'an unsigned one': 'connect.sid=plain',
    'a forged one': 'connect.sid=s%3Aid9.forged',
    'one of another app': signed('id9', 'another secret'),
    'an empty one': 'connect.sid=',
    'a quoted one': 'connect.sid="s%3Aid9.x"',
    'one with an invalid escape': 'connect.sid=s%3A%E0%A4%A'
  }

  for (const [name, other] of Object.entries(others)) {
    it(`${name} before: the first with a valid signature counts`, async () => {
      const { visit } = await serve({ store: new JsonStore() }, countVisits)
      const { cookie } = await visit()
      assert.equal(await bodyOf(visit({ cookie: `${other}; ${cookie}` })), 'id1 2')
      assert.equal(await bodyOf(visit({ cookie: `${cookie}; ${other}` })), 'id1 3')
    })
  }

  it('of two valid ones the first', async () => {
    const { visit } = await serve({ store: new JsonStore() }, countVisits)
    const first = (await visit()).cookie
    const second = (await visit()).cookie
    assert.equal(await bodyOf(visit({ cookie: `${second}; ${first}` })), 'id2 2')
  })
})

describe('cookie.path matches by RFC 6265, section 5.1.4', () => {
  afterEach(closeAll)

  for (const [cookiePath, path, matches] of [
    ['/admin', '/admin', true],
    ['/admin', '/admin/', true],
    ['/admin', '/admin/users', true],
    ['/admin', '/admin?x=1', true],
    ['/admin', '/administrator', false],
    ['/admin', '/', false],
    ['/admin/', '/admin/users', true],
    ['/admin/', '/admin', false],
    ['/', '/anything', true],
    ['/Admin', '/admin', false]
  ]) {
    it(`${cookiePath} ${matches ? 'matches' : 'does not match'} ${path}`, async () => {
      const { visit } = await serve({ store: new JsonStore(), cookie: { path: cookiePath } }, (req, res) => {
        res.send(String(req.session !== undefined))
      })
      assert.equal(await bodyOf(visit({ path })), String(matches))
    })
  }
})

describe('when the cookie is sent', () => {
  afterEach(closeAll)

  for (const [name, change] of Object.entries({
    'cookie.maxAge': (cookie) => (cookie.maxAge = 30000),
    'cookie.expires': (cookie) => (cookie.expires = new Date(Date.now() + 30000))
  })) {
    it(`setting only ${name} sends it`, async () => {
      const { visit } = await serve({ store: new JsonStore() }, (req, res) => {
        if (req.url === '/stay') change(req.session.cookie)
        else req.session.user = 'ada'
        res.end()
      })
      const { cookie } = await visit()
      const { setCookie } = await visit({ path: '/stay', cookie })
      assert.equal(setCookie.length, 1)
      assert.match(setCookie[0], /; Expires=/)
    })
  }

  it('the same maxAge again sends no more cookies than before', async () => {
    const { visit } = await serve({ store: new JsonStore(), cookie: { maxAge: 60000 } }, (req, res) => {
      if (req.url === '/again') req.session.cookie.maxAge = 60000
      else req.session.user = 'ada'
      res.end()
    })
    const { cookie } = await visit()
    assert.deepEqual((await visit({ path: '/again', cookie })).setCookie, [])
  })

  it('an explicitly saved empty session gets its cookie', async () => {
    const store = new JsonStore()
    const { visit } = await serve({ store }, (req, res) => req.session.save(() => res.end()))
    assert.equal((await visit()).setCookie.length, 1)
    assert.deepEqual(Object.keys(store.sessions), ['id1'])
  })

  it('an invalid expires: the response goes out without it, and next gets an error', async () => {
    const { visit, errors } = await serve({ store: new JsonStore() }, (req, res) => {
      req.session.user = 'ada'
      req.session.cookie.expires = new Date('never')
      res.send('body')
    })
    const { end, body, setCookie } = await visit()
    assert.deepEqual([end, body, setCookie], ['complete', 'body', []])
    assert.deepEqual(
      errors.map(({ message }) => message),
      ['option expires is invalid']
    )
  })
})

describe('a maxAge that is no number', () => {
  for (const maxAge of ['1 day', '60000', {}, [], true, NaN, 10n]) {
    it(`is a TypeError at session() that names the option: ${typeof maxAge} ${String(maxAge)}`, () => {
      assert.throws(
        () => session({ ...usual, cookie: { maxAge } }),
        (error) => error instanceof TypeError && /maxAge/.test(error.message)
      )
    })
  }

  for (const maxAge of [undefined, null, 0, 60000, -1]) {
    it(`but not ${maxAge}`, () => {
      session({ ...usual, cookie: { maxAge } })
    })
  }
})

describe('cookie headers from hell', () => {
  afterEach(closeAll)

  const headers = {
    '64 KB of something': `junk=${'x'.repeat(64 * 1024)}`,
    '64 KB of our name': `connect.sid=${'x'.repeat(64 * 1024)}`,
    '64 KB of a signed form': `connect.sid=s%3A${'x'.repeat(64 * 1024)}.sig`,
    '64 KB of percent signs': `connect.sid=${'%'.repeat(64 * 1024)}`,
    '64 KB of semicolons': ';'.repeat(64 * 1024),
    '64 KB of equal signs': '='.repeat(64 * 1024),
    '64 KB of our name without an end': 'connect.sid='.repeat(5000),
    '1,000 cookies of our name': Array.from({ length: 1000 }, (_, i) => `connect.sid=s%3Aid${i}.sig`).join(
      '; '
    ),
    'invalid escapes': 'connect.sid=s%3A%ZZ%E0%A4%A.%',
    'control characters': 'connect.sid=s%3A%00%0D%0A.%00',
    'no value': 'connect.sid',
    'no name': '=s%3Aid1.sig',
    quotes: 'connect.sid="',
    'a prototype': '__proto__=x; constructor=y; toString=z',
    'an empty id': signed('')
  }

  for (const [name, cookie] of Object.entries(headers)) {
    it(`${name}: a new session`, async () => {
      const { visit, errors } = await serve({ store: new JsonStore() }, countVisits)
      const { end, body } = await visit({ cookie })
      assert.deepEqual([end, body, errors], ['complete', 'id1 1', []])
    })
  }

  it('the work for 1,000 forged cookies of our name is bounded', async () => {
    const crypto = require('node:crypto')
    const { createHmac } = crypto
    let hmacs = 0
    crypto.createHmac = (...args) => {
      hmacs += 1
      return createHmac(...args)
    }
    try {
      const { visit } = await serve({ store: new JsonStore(), secret: ['a', 'b', 'c'] }, (req, res) =>
        res.end()
      )
      const forged = (i) => `connect.sid=s%3Aid${i}.${'x'.repeat(43)}`
      await visit({ cookie: Array.from({ length: 1000 }, (_, i) => forged(i)).join('; ') })
    } finally {
      crypto.createHmac = createHmac
    }
    assert.ok(hmacs <= 50, `${hmacs} HMACs`)
  })
})

describe('genid', () => {
  afterEach(closeAll)

  for (const id of [
    'id\r\nSet-Cookie: evil=1',
    'id; Domain=evil.example',
    'ünï',
    'a b',
    '\u0000',
    'x'.repeat(10000)
  ]) {
    it(`that gives ${JSON.stringify(id).slice(0, 30)}: never a header injection`, async () => {
      const { visit } = await serve({ store: new JsonStore(), genid: () => id }, countVisits)
      const { end, setCookie, headers, cookie } = await visit()
      assert.equal(end, 'complete')
      assert.equal(setCookie.length, 1)
      assert.match(setCookie[0], /^connect\.sid=[^;\s]*; Path=\/; HttpOnly$/)
      assert.equal(headers.evil, undefined)
      assert.equal(await bodyOf(visit({ cookie })), `${id} 2`)
    })
  }

  for (const id of [42, null, undefined, {}, false, Symbol('id')]) {
    it(`that gives ${String(id)}: a finished response`, async () => {
      const { visit } = await serve({ store: new JsonStore(), genid: () => id }, (req, res) => {
        req.session.user = 'ada'
        res.send('body')
      })
      const { end, setCookie } = await visit()
      assert.deepEqual([end, setCookie], ['complete', []])
    })
  }

  it('that throws is an error for next', async () => {
    const { visit } = await serve(
      {
        store: new JsonStore(),
        genid: () => {
          throw new Error('no ids left')
        }
      },
      countVisits
    )
    assert.equal(await bodyOf(visit()), 'Error page: no ids left')
  })

  it('that throws in regenerate is an error for its callback', async () => {
    let ids = 0
    const { visit } = await serve(
      {
        store: new JsonStore(),
        genid: () => {
          if (++ids > 1) throw new Error('no ids left')
          return 'id1'
        }
      },
      (req, res) => req.session.regenerate((error) => res.send(String(error)))
    )
    assert.equal(await bodyOf(visit()), 'Error: no ids left')
  })
})

describe('said once per cause, with a code', () => {
  afterEach(closeAll)

  const causes = {
    EXPRESS_SESSION_SECURE_COOKIE_OVER_HTTP: { cookie: { secure: true } },
    EXPRESS_SESSION_SAMESITE_NONE_WITHOUT_SECURE: { cookie: { sameSite: 'none' } },
    EXPRESS_SESSION_PARTITIONED_WITHOUT_SECURE: { cookie: { partitioned: true } },
    'a __Host- name without Secure': { name: '__Host-sid' },
    'a __Host- name with a Domain': { name: '__Host-sid', cookie: { secure: 'auto', domain: 'example.com' } },
    'a __Secure- name without Secure': { name: '__Secure-sid' },
    'a cookie over 4,096 bytes': { genid: () => 'x'.repeat(5000) },
    'a store without touch': { store: new JsonStore({ touch: undefined }), cookie: { maxAge: 1000 } }
  }

  for (const [cause, options] of Object.entries(causes)) {
    it(cause, async () => {
      const codes = await warningsDuring(async () => {
        const { visit } = await serve({ store: new JsonStore(), ...options }, countVisits)
        for (let i = 0; i < 3; i++) assert.equal((await visit()).status, 200)
      })
      assert.equal(codes.length, 1, codes.join())
      if (cause.startsWith('EXPRESS')) assert.equal(codes[0], cause)
    })
  }

  it('headers already sent when the session first changed', async () => {
    const codes = await warningsDuring(async () => {
      const { visit } = await serve({ store: new JsonStore() }, (req, res) => {
        res.write('first')
        req.session.user = 'ada'
        res.end('last')
      })
      for (let i = 0; i < 3; i++) await visit()
    })
    assert.deepEqual(codes, ['EXPRESS_SESSION_HEADERS_SENT'])
  })

  it('nothing is said of what is well', async () => {
    const codes = await warningsDuring(async () => {
      const { visit } = await serve(
        { store: new JsonStore(), proxy: true, name: '__Host-sid', cookie: { secure: true, maxAge: 1000 } },
        countVisits
      )
      await visit({ headers: { 'X-Forwarded-Proto': 'https' } })
      await visit()
    })
    assert.deepEqual(codes, [])
  })
})
