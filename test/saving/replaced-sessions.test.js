'use strict'

// An app that puts something else in the place of req.session hears of it, and its visitor gets a whole response.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, serve } = require('../support/harness')

/** The app's error page, or a whole response and the error for `next`: one of them, always. */
function assertHandled({ end, body }, errors) {
  assert.equal(end, 'complete')
  assert.ok(body === 'body' || body.startsWith('Error page: '), body)
  assert.equal(errors.length, 1)
}

describe('req.session replaced by what is no session', () => {
  afterEach(closeAll)

  const replacements = {
    'a plain object': () => ({ user: 'ada' }),
    'a string': () => 'session',
    'a number': () => 5,
    true: () => true,
    'an array': () => [],
    'a function': () => () => {},
    'a frozen object': () => Object.freeze({})
  }

  for (const [name, make] of Object.entries(replacements)) {
    it(`${name}: a finished response and an error that says so`, async () => {
      const { visit, errors } = await serve(
        { store: new JsonStore(), resave: true, saveUninitialized: true, unset: 'destroy' },
        (req, res) => {
          if (req.url === '/bad') req.session = make()
          res.send('body')
        }
      )
      assertHandled(await visit({ path: '/bad' }), errors)
      assert.match(errors[0].message, /req\.session is not a session/)
      const { cookie } = await visit()
      errors.length = 0
      assertHandled(await visit({ path: '/bad', cookie }), errors)
    })
  }

  for (const [name, value] of [
    ['null', null],
    ['undefined', undefined]
  ]) {
    it(`${name}: the session is let go, as unset says`, async () => {
      const store = new JsonStore()
      const { visit, errors } = await serve({ store, unset: 'destroy' }, (req, res) => {
        if (req.url === '/out') req.session = value
        else req.session.user = 'ada'
        res.send('body')
      })
      const { cookie } = await visit()
      assert.equal((await visit({ path: '/out', cookie })).body, 'body')
      assert.deepEqual(store.sessions, {})
      assert.deepEqual(errors, [])
    })
  }

  it("another request's session: each response is finished", async () => {
    let other
    const { visit } = await serve({ store: new JsonStore() }, (req, res) => {
      if (req.url === '/first') {
        req.session.user = 'ada'
        other = req.session
      } else {
        req.session = other
      }
      res.send('body')
    })
    await visit({ path: '/first' })
    assert.equal((await visit()).end, 'complete')
  })

  for (const sessionID of [42, {}, true, Symbol('id')]) {
    it(`req.sessionID replaced by ${String(sessionID)}: a finished response`, async () => {
      const { visit } = await serve({ store: new JsonStore() }, (req, res) => {
        req.session.user = 'ada'
        req.sessionID = sessionID
        res.send('body')
      })
      assert.deepEqual((await visit()).body, 'body')
    })
  }

  for (const [name, damage] of Object.entries({
    'the cookie removed from the session': (session) => delete session.cookie,
    'all keys deleted': (session) => {
      for (const key in session) delete session[key]
    },
    'null in the place of its cookie': (session) => (session.cookie = null)
  })) {
    it(`${name}: a finished response, and an error that says that the cookie is gone`, async () => {
      const { visit, errors } = await serve({ store: new JsonStore() }, (req, res) => {
        req.session.user = 'ada'
        damage(req.session)
        res.send('body')
      })
      assertHandled(await visit(), errors)
      assert.match(errors[0].message, /^req\.session is not a session any more: its cookie is gone\./)
    })
  }

  it('the cookie removed, and regenerate() after that: a new session', async () => {
    const store = new JsonStore()
    const { visit, errors } = await serve({ store }, async (req, res) => {
      req.session.user = 'ada'
      if (req.path === '/out') {
        for (const key in req.session) delete req.session[key]
        await req.session.regenerate()
        req.session.step = 2
      }
      res.send('body')
    })
    const { cookie } = await visit()
    assert.equal((await visit({ path: '/out', cookie })).body, 'body')
    assert.deepEqual([Object.keys(store.sessions), errors], [['id2'], []])
  })

  it('text for its originalMaxAge: a finished response', async () => {
    const { visit } = await serve({ store: new JsonStore() }, (req, res) => {
      req.session.user = 'ada'
      req.session.cookie.originalMaxAge = 'long'
      res.send('body')
    })
    assert.equal((await visit()).body, 'body')
  })

  it('a spread of its cookie, with another timeout: no cookie without the attributes goes out, as in 1.x', async () => {
    const { visit } = await serve({ store: new JsonStore(), cookie: { maxAge: 60_000 } }, (req, res) => {
      if (req.path === '/login') req.session.user = 'ada'
      else req.session.cookie = { ...req.session.cookie, originalMaxAge: 500_000, maxAge: 500_000 }
      res.send(req.session.user)
    })
    const { cookie } = await visit({ path: '/login' })
    const { body, cookie: sent } = await visit({ cookie })
    assert.deepEqual([body, sent], ['ada', undefined])
  })
})
