'use strict'

// In a real browser a logout takes the cookie away, whatever its attributes, and a changed configuration reaches who is logged in.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const express = require('express')
const session = require('../..')
const { launch } = require('./support/browser')
const { serveHttps } = require('./support/https')

const usual = { secret: 'first', resave: false, saveUninitialized: false }

describe('the session cookie in a real browser', () => {
  let browser, page, app, served

  before(async () => {
    browser = await launch()
    served = await serveHttps((req, res) => app(req, res))
  })

  beforeEach(async () => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    page = await context.newPage()
  })

  afterEach(() => page.context().close())

  after(async () => {
    await browser?.close()
    await served?.close()
  })

  /** An app with these options: `/app/login`, `/app/logout`, and pages that say who is logged in. */
  function appWith(options) {
    app = express()
    app.use(session({ ...usual, ...options }))
    app.get('/app/login', (req, res) => {
      req.session.user = 'ada'
      res.send('logged in')
    })
    app.get('/app/logout', (req, res, next) => {
      if (options.byHand) res.clearCookie(options.name || 'connect.sid')
      req.session.destroy((error) => (error ? next(error) : res.send('bye')))
    })
    app.get('/*path', (req, res) => res.send(`user: ${req.session?.user}`))
  }

  async function visit(path) {
    await page.goto(served.url + path)
    return page.textContent('body')
  }

  const cookies = () => page.context().cookies()

  const kinds = {
    'a Path': { cookie: { path: '/app' } },
    'a name with __Host-': { name: '__Host-sid', cookie: { secure: true, path: '/' } },
    'SameSite=None; Secure; Partitioned': { cookie: { secure: true, sameSite: 'none', partitioned: true } },
    'SameSite=Strict and an idle timeout': { cookie: { sameSite: 'strict', maxAge: 600000 } }
  }
  for (const [title, options] of Object.entries(kinds)) {
    it(`is gone after the logout, with ${title}`, async () => {
      appWith({ ...options, clearCookie: true })
      await visit('/app/login')
      const [cookie] = await cookies()
      assert.equal(cookie.name, options.name || 'connect.sid')
      assert.equal(await visit('/app/page'), 'user: ada')
      await visit('/app/logout')
      assert.deepEqual(await cookies(), [])
      assert.equal(await visit('/app/page'), 'user: undefined')
    })
  }

  it('stays where it is cleared in other words than it was set with', async () => {
    for (const options of Object.values(kinds).slice(0, 3)) {
      appWith({ ...options, byHand: true })
      await visit('/app/login')
      await visit('/app/logout')
      assert.equal((await cookies()).length, 1)
      await page.context().clearCookies()
    }
  })

  it('is gone after a timeout', async () => {
    const store = new session.MemoryStore()
    appWith({ store, clearCookie: true, cookie: { path: '/app', secure: true } })
    await visit('/app/login')
    store.clear()
    assert.equal(await visit('/app/page'), 'user: undefined')
    assert.deepEqual(await cookies(), [])
  })

  it('follows a new sameSite and a new secret after one page, and the visitor stays in', async () => {
    const store = new session.MemoryStore()
    appWith({ store, secret: 'old' })
    await visit('/app/login')
    const [before] = await cookies()
    assert.equal(before.sameSite, 'Lax') // what Chromium takes a cookie for that does not say

    const later = { store, refreshCookie: true, cookie: { sameSite: 'strict', secure: true } }
    appWith({ ...later, secret: ['new', 'old'] })
    assert.equal(await visit('/app/page'), 'user: ada')
    const [after, ...others] = await cookies()
    assert.deepEqual(others, [])
    assert.deepEqual([after.sameSite, after.secure], ['Strict', true])
    assert.notEqual(after.value, before.value)

    appWith({ ...later, secret: 'new' })
    assert.equal(await visit('/app/page'), 'user: ada')
    assert.deepEqual(await cookies(), [after])
  })

  for (const [title, [before, after]] of Object.entries({
    'path to a shorter one': [{ path: '/app' }, { path: '/' }],
    'path to a longer one': [{ path: '/' }, { path: '/app' }],
    'jar to a partitioned one': [
      { secure: true, sameSite: 'none' },
      { secure: true, sameSite: 'none', partitioned: true }
    ]
  })) {
    it(`is one and not two after a change of its ${title}`, async () => {
      const store = new session.MemoryStore()
      appWith({ store, cookie: before })
      await visit('/app/login')
      appWith({ store, refreshCookie: true, clearCookie: true, cookie: after })
      assert.equal(await visit('/app/page'), 'user: ada')
      const found = await cookies()
      assert.equal(found.length, 1)
      assert.equal(found[0].path, after.path || '/')
      await visit('/app/logout')
      assert.deepEqual(await cookies(), [])
      await visit('/app/login')
      assert.equal(await visit('/app/page'), 'user: ada')
    })
  }
})

describe('the back button after a logout', () => {
  for (const [title, ignoreDefaultArgs] of Object.entries({
    'by the cache of the browser': [],
    'with pages kept alive (bfcache)': ['--disable-back-forward-cache']
  })) {
    it(`does not show the page of who was logged in, ${title}`, async () => {
      const browser = await launch({ ignoreDefaultArgs })
      const shown = {}
      try {
        for (const cacheControl of [false, true]) {
          const app = express()
          app.use(session({ ...usual, rolling: true, clearCookie: true, cacheControl }))
          app.get('/login', (req, res) => {
            req.session.user = 'ada'
            res.redirect('/account')
          })
          app.get('/account', (req, res) => {
            // A page that may be shown again, as far as caches know.
            res.send(
              `<title>account</title><p id="user">user: ${req.session.user}</p><a href="/logout">log out</a>`
            )
          })
          app.get('/logout', (req, res) => req.session.destroy(() => res.send('<p id="bye">bye</p>')))
          // Chromium caches nothing of a host whose certificate it does not know: so over plain http.
          const server = app.listen(0, '127.0.0.1')
          await once(server, 'listening')
          const context = await browser.newContext()
          const page = await context.newPage()
          await page.goto(`http://127.0.0.1:${server.address().port}/login`)
          await page.getByText('user: ada').waitFor()
          await page.getByText('log out').click()
          await page.locator('#bye').waitFor()
          // A navigation may end what asks for it.
          await page.evaluate('setTimeout(() => history.back())')
          await page.locator('#user').waitFor()
          shown[cacheControl] = await page.textContent('#user')
          await context.close()
          server.closeAllConnections()
          server.close()
        }
      } finally {
        await browser.close()
      }
      assert.equal(shown[true], 'user: undefined')
      // So it is this that helps.
      assert.equal(shown[false], 'user: ada')
    })
  }
})
