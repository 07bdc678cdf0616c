'use strict'

// The cookie goes out when the session is new to the visitor or its expiry changed, with the attributes that the app
// asked for.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, pause, serve } = require('../support/harness')

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

  it('may give nothing: the cookie is the usual one', async () => {
    const { visit } = await serve({ store: new JsonStore(), cookie: () => undefined }, countVisits)
    assert.match((await visit()).setCookie[0], /; Path=\/; HttpOnly$/)
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

  it('nor does a date that is the same time ahead, however long the app takes to set it', async () => {
    const { visit } = await serve({ store: new JsonStore(), cookie: { maxAge: 60000 } }, async (req, res) => {
      const expires = new Date(Date.now() + 60000)
      await pause(20)
      if (req.url === '/again') req.session.cookie.expires = expires
      else req.session.user = 'ada'
      res.end()
    })
    const { cookie } = await visit()
    assert.deepEqual((await visit({ path: '/again', cookie })).setCookie, [])
  })

  it('those that the app has set go with it', async () => {
    const { visit } = await serve({ store: new JsonStore() }, (req, res) => {
      req.session.user = 'ada'
      res.cookie('theme', 'dark').cookie('lang', 'en').end()
    })
    const names = (await visit()).setCookie.map((text) => text.split('=')[0])
    assert.deepEqual(names.sort(), ['connect.sid', 'lang', 'theme'])
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
