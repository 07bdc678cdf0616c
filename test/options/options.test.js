'use strict'

const assert = require('node:assert')
const request = require('supertest')
const session = require('express-session')
const { appWith, sentBack, usual } = require('./support/app')

describe('session()', () => {
  it('refuses wrong options', () => {
    const refused = (options, message) =>
      assert.throws(() => session({ ...usual, ...options }), { name: 'TypeError', message })
    refused({ genid: 'abc' }, 'genid option must be a function')
    refused({ unset: 'forget' }, 'unset option must be "destroy" or "keep"')
    refused({ secret: [] }, 'secret option array must contain one or more strings')
    refused({ cookie: 'sid' }, 'argument options must be a object')
    for (const maxAge of ['1 day', true, {}, NaN]) refused({ cookie: { maxAge } }, /^cookie\.maxAge option/)
  })

  it('takes what 1.19 takes for an idle timeout', () => {
    for (const maxAge of [0, 1000, null, undefined, Infinity, new Date()])
      session({ ...usual, cookie: { maxAge } })
  })

  it('hands on what the functions among its options throw', async () => {
    const broken = () => {
      throw new Error('broken')
    }
    for (const options of [{ genid: broken }, { cookie: broken }]) {
      const app = appWith(options, (req, res) => res.end())
      assert.strictEqual((await request(app).get('/')).text, 'broken')
    }
  })

  it('needs a secret, from somewhere', async () => {
    const app = appWith({ secret: undefined }, (req, res) => res.end())
    assert.strictEqual((await request(app).get('/')).text, 'secret option required for sessions')
  })

  it('resolves auto from a cookie function, too', async () => {
    const app = appWith({ proxy: true, cookie: () => ({ secure: 'auto', sameSite: 'auto' }) }, (req, res) => {
      req.session.user = 'alice'
      res.json(req.session.cookie)
    })
    const plain = (await request(app).get('/')).body
    const https = (await request(app).get('/').set('X-Forwarded-Proto', 'https')).body
    assert.deepStrictEqual([plain.secure, plain.sameSite], [false, 'lax'])
    assert.deepStrictEqual([https.secure, https.sameSite], [true, 'none'])
  })
})

describe('the end of a response', () => {
  const broken = {
    'a BigInt': (req) => (req.session.big = 1n),
    'a circular reference': (req) => (req.session.self = req.session),
    'a session that is none': (req) => (req.session = { user: 'alice' }),
    'a session that is text': (req) => (req.session = 'alice'),
    'a cookie that is none': (req) => (req.session.cookie = null),
    'an idle timeout that is none': (req) => (req.session.cookie.originalMaxAge = 'long')
  }
  for (const [what, damage] of Object.entries(broken)) {
    it(`comes in spite of ${what}, and the app hears of it`, async () => {
      const app = appWith({}, (req, res) => {
        damage(req)
        res.send('complete')
      })
      const response = await request(app).get('/')
      assert.strictEqual(response.text, 'complete')
      assert.strictEqual(app.errors.length, 1)
      assert(app.errors[0] instanceof TypeError)
    })
  }

  it('comes in spite of data named like methods', async () => {
    const app = appWith({}, (req, res) => {
      for (const name of ['touch', 'resetMaxAge', 'save', 'reload', 'destroy']) req.session[name] = name
      res.send('complete')
    })
    const response = await request(app).get('/')
    assert.strictEqual(response.text, 'complete')
    assert.deepStrictEqual(app.errors, [])
    await request(app).get('/').set('Cookie', sentBack(response)).expect(200)
  })

  it('refuses what Node refuses, and leaves room for an error page', async () => {
    const app = appWith({}, (req, res) => {
      req.session.user = 'alice'
      if (req.path === '/chunk') res.end(42)
      res.statusCode = 1000
      res.end('body')
    })
    for (const path of ['/chunk', '/status']) {
      const response = await request(app).get(path)
      assert.strictEqual(response.status, 500)
    }
  })

  it('calls back in every form, and once more for each further end()', async () => {
    const forms = [[], ['body'], ['body', 'utf8'], [Buffer.from('body')]]
    for (const form of forms) {
      const calls = []
      const app = appWith({}, (req, res) => {
        req.session.user = 'alice'
        assert.strictEqual(
          res.end(...form, () => calls.push('first')),
          res
        )
        assert.strictEqual(res.headersSent, true)
        assert.strictEqual(
          res.end('more', () => calls.push('second')),
          res
        )
        res.on('finish', () => setImmediate(() => res.end(({ code }) => calls.push(code))))
      })
      const response = await request(app).get('/')
      await new Promise((resolve) => setTimeout(resolve, 10))
      assert.strictEqual(response.text, form.length ? 'body' : '')
      assert.strictEqual(response.headers['content-length'], form.length ? '4' : '0')
      assert.deepStrictEqual(calls.sort(), ['ERR_STREAM_ALREADY_FINISHED', 'first', 'second'])
    }
  })

  it('waits for what is under way', async () => {
    const store = new session.MemoryStore()
    const app = appWith({ store }, (req, res) => {
      if (req.path === '/login') {
        req.session.user = 'alice'
        req.session.save()
      } else {
        req.session.destroy()
      }
      res.send(String(Object.keys(store.sessions).length))
    })
    store.destroy = (sid, callback) => {
      setTimeout(() => session.MemoryStore.prototype.destroy.call(store, sid, callback), 10)
    }
    const login = await request(app).get('/login')
    assert.strictEqual(Object.keys(store.sessions).length, 1)
    await request(app).get('/logout').set('Cookie', sentBack(login))
    assert.strictEqual(Object.keys(store.sessions).length, 0)
  })

  it('does not save a session that a regenerate() under way will replace', async () => {
    const store = new session.MemoryStore()
    const app = appWith({ store }, (req, res) => {
      req.session.user = 'alice'
      req.session.regenerate()
      res.end()
    })
    await request(app).get('/')
    assert.deepStrictEqual(Object.keys(store.sessions), [])
  })

  it('lets a stand-in for a response live without methods', async () => {
    const store = new session.MemoryStore()
    const middleware = session({ ...usual, store })
    const req = { headers: {}, url: '/', method: 'GET' }
    await new Promise((resolve) => middleware(req, {}, resolve))
    req.session.user = 'alice'
    await req.session.save()
    assert.strictEqual(Object.keys(store.sessions).length, 1)
  })
})
