'use strict'

// A page of another origin, whose cookies the browser would block, has its session by a header, as docs/transport.md shows.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const http = require('node:http')
const express = require('express')
const session = require('../..')
const { launch } = require('./support/browser')

describe('a script of another origin', () => {
  let browser, page, api, site

  before(async () => {
    site = http.createServer((req, res) => res.setHeader('Content-Type', 'text/html').end('<p>app</p>'))
    site.listen(0, '127.0.0.1')
    await once(site, 'listening')

    const app = express()
    app.use((req, res, next) => {
      res.set('Access-Control-Allow-Origin', `http://127.0.0.1:${site.address().port}`)
      res.set('Access-Control-Expose-Headers', 'X-Session-Id')
      res.vary('Origin')
      if (req.method !== 'OPTIONS') return next()

      res.set('Access-Control-Allow-Headers', 'X-Session-Id, Content-Type')
      res.set('Access-Control-Allow-Methods', 'GET, POST')
      res.sendStatus(204)
    })
    app.use(
      session({
        secret: 'secret',
        resave: false,
        saveUninitialized: false,
        clearCookie: true,
        cacheControl: true,
        transport: session.headerTransport()
      })
    )
    app.post('/login', (req, res) => {
      req.session.user = 'ada'
      res.send('in')
    })
    app.post('/logout', (req, res) => req.session.destroy(() => res.send('out')))
    app.get('/whoami', (req, res) => res.send(String(req.session.user)))
    api = app.listen(0, '127.0.0.1')
    await once(api, 'listening')

    browser = await launch()
    page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${site.address().port}`)
  })

  after(async () => {
    await browser?.close()
    for (const server of [api, site]) {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })

  it('logs in, is known, and logs out, and no cookie is set', async () => {
    const seen = await page.evaluate(async (origin) => {
      let id = null
      async function ask(path, options = {}) {
        const headers = { ...options.headers, ...(id && { 'X-Session-Id': id }) }
        const response = await globalThis.fetch(origin + path, { ...options, headers })
        id = response.headers.get('X-Session-Id') ?? id
        return response.text()
      }
      const answers = []
      for (const [path, method] of [
        ['/whoami'],
        ['/login', 'POST'],
        ['/whoami'],
        ['/logout', 'POST'],
        ['/whoami']
      ]) {
        answers.push(await ask(path, { method: method || 'GET' }))
      }
      return { answers, id }
    }, `http://127.0.0.1:${api.address().port}`)
    assert.deepEqual(seen.answers, ['undefined', 'in', 'ada', 'out', 'undefined'])
    assert.equal(seen.id, '')
    assert.deepEqual(await page.context().cookies(), [])
  })
})
