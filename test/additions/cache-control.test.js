'use strict'

// With cacheControl no cache keeps a session cookie, and none takes one visitor's page for another's.

const assert = require('node:assert/strict')
const compression = require('compression')
const express = require('express')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { JsonStore, closeAll, listen, loggedIn, serve, session, usual } = require('../support/harness')

const cached = ({ headers }) => [headers['cache-control'], headers.vary]

const page = (req, res) => res.end('page')

function writes(req, res) {
  req.session.views = (req.session.views || 0) + 1
  res.end('page')
}

afterEach(closeAll)

describe('cacheControl', () => {
  it('is off by itself', async () => {
    const { visit } = await serve({}, writes)
    assert.deepEqual(cached(await visit()), [undefined, undefined])
  })

  it('is true, false or nothing', () => {
    assert.throws(() => session({ ...usual, cacheControl: 'no-store' }), {
      name: 'TypeError',
      message: "cacheControl option must be true or false, not 'no-store'"
    })
  })

  it('forbids to store what carries the cookie', async () => {
    const { visit } = await serve({ cacheControl: true }, writes)
    assert.deepEqual(cached(await visit()), ['no-store', 'Cookie'])
  })

  it('says of all else that it varies with the cookie', async () => {
    const { visit, cookie } = await loggedIn({ cacheControl: true }, page)
    assert.deepEqual(cached(await visit({ cookie })), [undefined, 'Cookie'])
    assert.deepEqual(cached(await visit({ cookie: 'connect.sid=s%3Aforged' })), [undefined, 'Cookie'])
    assert.deepEqual(cached(await visit()), [undefined, 'Cookie'])
  })

  it('forbids to store what removes the cookie, by clearCookie or by the app', async () => {
    const { visit, cookie } = await loggedIn({ cacheControl: true, clearCookie: true }, (req, res) => {
      if (req.url === '/own') res.clearCookie('connect.sid')
      else req.session.destroy()
      res.end()
    })
    assert.deepEqual(cached(await visit({ path: '/own', cookie })), ['no-store', 'Cookie'])
    assert.deepEqual(cached(await visit({ cookie })), ['no-store', 'Cookie'])
  })

  it('leaves it at what the app says of Cache-Control, be it by writeHead', async () => {
    const ways = {
      '/set': (res) => res.set('Cache-Control', 'private, max-age=60'),
      '/object': (res) => res.writeHead(200, { 'cache-control': 'private, max-age=60' }),
      '/array': (res) => res.writeHead(200, ['Cache-Control', 'private, max-age=60']),
      '/reason': (res) => res.writeHead(200, 'Fine', { 'Cache-Control': 'private, max-age=60' })
    }
    const { visit } = await serve({ cacheControl: true }, (req, res) => {
      req.session.views = 1
      ways[req.url](res)
      res.end()
    })
    for (const path of Object.keys(ways)) {
      const answer = await visit({ path })
      assert.equal(answer.setCookie.length, 1, path)
      assert.deepEqual(cached(answer), ['private, max-age=60', 'Cookie'], path)
    }
  })

  describe('with files, of which Express says "public, max-age=0" unless it is told more', () => {
    const folder = path.join(__dirname, 'support')
    const [file] = fs.readdirSync(folder).filter((name) => name.endsWith('.js'))
    const whole = path.join(folder, file)
    const send = {
      '/file': (req, res) => res.sendFile(whole),
      '/download': (req, res) => res.download(whole),
      '/day': (req, res) => res.sendFile(whole, { maxAge: '1d' }),
      '/own': (req, res) => res.set('Cache-Control', 'private').sendFile(whole),
      '/static': (req, res, next) => {
        req.url = `/${file}`
        express.static(folder)(req, res, next)
      }
    }
    const said = {
      '/file': 'public, max-age=0',
      '/download': 'public, max-age=0',
      '/static': 'public, max-age=0',
      '/day': 'public, max-age=86400',
      '/own': 'private'
    }

    it('forbids to store those that carry the cookie, and leaves the others as they are', async () => {
      const { visit, cookie } = await loggedIn({ cacheControl: true }, (req, res, next) => {
        const { pathname, searchParams } = new URL(req.url, 'http://localhost')
        if (searchParams.has('write')) req.session.views = 1
        send[pathname](req, res, next)
      })
      for (const [path, value] of Object.entries(said)) {
        assert.deepEqual(cached(await visit({ path, cookie })), [value, 'Cookie'], path)
        const carrying = await visit({ path: `${path}?write` })
        assert.equal(carrying.setCookie.length, 1, path)
        const isDefault = value === 'public, max-age=0'
        assert.deepEqual(cached(carrying), [isDefault ? 'no-store' : value, 'Cookie'], path)
      }
    })

    it('forbids to store those that remove the cookie', async () => {
      const { visit, cookie } = await loggedIn(
        { cacheControl: true, clearCookie: true },
        async (req, res, next) => {
          await req.session.destroy()
          send[req.path](req, res, next)
        }
      )
      const answer = await visit({ path: '/file', cookie })
      assert.match(answer.headers['set-cookie'][0], /Expires=Thu, 01 Jan 1970/)
      assert.deepEqual(cached(answer), ['no-store', 'Cookie'])
    })

    it('leaves all as it is where it is off', async () => {
      const { visit } = await loggedIn({}, (req, res, next) => {
        req.session.views = 1
        send[req.path](req, res, next)
      })
      assert.deepEqual(cached(await visit({ path: '/file' })), ['public, max-age=0', undefined])
    })
  })

  it('adds to what the app says of Vary, be it by writeHead', async () => {
    const ways = {
      Accept: (res) => res.vary('Accept'),
      'Accept, Origin': (res) => res.set('Vary', ['Accept', 'Origin']),
      'Accept-Language': (res) => res.writeHead(200, { vary: 'Accept-Language' }),
      cookie: (res) => res.set('Vary', 'cookie'),
      '*': (res) => res.set('Vary', '*')
    }
    const { visit } = await serve({ cacheControl: true }, (req, res) => {
      ways[decodeURIComponent(req.url.slice(1))](res)
      res.end()
    })
    for (const vary of Object.keys(ways)) {
      const expected = ['cookie', '*'].includes(vary) ? vary : `${vary}, Cookie`
      const { headers } = await visit({ path: `/${encodeURIComponent(vary)}` })
      assert.equal(headers.vary, expected)
    }
  })

  it('works behind compression, which varies with more', async () => {
    const app = express()
    app.use(compression({ threshold: 0 }))
    app.use(session({ ...usual, cacheControl: true }))
    app.use((req, res) => {
      req.session.views = 1
      res.send('x'.repeat(2000))
    })
    const { visit } = await listen(http.createServer(app))
    const answer = await visit({ headers: { 'accept-encoding': 'gzip' } })
    assert.equal(answer.headers['content-encoding'], 'gzip')
    assert.deepEqual(cached(answer).map(sorted), ['no-store', 'Accept-Encoding, Cookie'])
  })

  it('holds for answers without a body, for streams, redirects and errors', async () => {
    const ways = {
      '/304': (res) => res.status(304).end(),
      '/204': (res) => res.status(204).end(),
      '/stream': (res) => res.write('a') && res.end('b'),
      '/redirect': (res) => res.redirect('/'),
      '/error': (res, next) => next(new Error('sorry'))
    }
    const { visit } = await serve({ cacheControl: true, saveUninitialized: true }, (req, res, next) =>
      ways[req.url](res, next)
    )
    for (const path of Object.keys(ways)) {
      const { headers } = await visit({ path })
      assert.ok(headers.vary.split(', ').includes('Cookie'), path)
      assert.equal(headers['cache-control'], 'no-store', path)
    }
  })

  it("holds while the store is down: such a page is nobody else's either", async () => {
    const store = new JsonStore()
    const { visit } = await serve({ store, cacheControl: true }, page)
    store.emit('disconnect')
    assert.deepEqual(cached(await visit()), [undefined, 'Cookie'])
    store.emit('connect')
    store.get = (sid, callback) => callback(new Error('down'))
    const { cookie } = await loggedIn({}, page)
    const answer = await visit({ cookie })
    assert.equal(answer.status, 500)
    assert.deepEqual(cached(answer), [undefined, 'Cookie'])
  })

  it('has nothing to say outside of the path of the cookie, where there are no sessions', async () => {
    const { visit } = await serve({ cacheControl: true, cookie: { path: '/app' } }, page)
    assert.deepEqual(cached(await visit({ path: '/other' })), [undefined, undefined])
    assert.deepEqual(cached(await visit({ path: '/app/x' })), [undefined, 'Cookie'])
  })

  it('names the header of a header transport as well', async () => {
    const { visit } = await serve({ cacheControl: true, transport: session.headerTransport() }, writes)
    assert.deepEqual(cached(await visit()), ['no-store', 'Cookie, X-Session-Id'])
  })

  it("names what a transport of the app's own says, or lets no cache use the response again", async () => {
    const transport = { read: () => undefined, write() {}, clear() {} }
    const own = await serve({ cacheControl: true, transport: { ...transport, vary: ['X-A', 'X-B'] } }, writes)
    assert.deepEqual(cached(await own.visit()), ['no-store', 'Cookie, X-A, X-B'])
    const silent = await serve({ cacheControl: true, transport }, page)
    assert.deepEqual(cached(await silent.visit()), [undefined, '*'])
  })
})

function sorted(list) {
  return list.split(', ').sort().join(', ')
}
