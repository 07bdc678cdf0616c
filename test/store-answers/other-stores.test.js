'use strict'

const assert = require('node:assert')
const { AsyncLocalStorage } = require('node:async_hooks')
const express = require('express')
const request = require('supertest')
const session = require('express-session')
const { appWith, cookieOf, sentBack } = require('./support/app')

/** A store whose methods answer as a test wants: `answer(store, callback, error, result)`. */
function storeThat(answer) {
  class TestStore extends session.Store {
    sessions = new Map()
    get(sid, callback) {
      return answer(callback, null, this.sessions.get(sid))
    }
    set(sid, data, callback) {
      this.sessions.set(sid, JSON.parse(JSON.stringify(data)))
      return answer(callback, null)
    }
    destroy(sid, callback) {
      this.sessions.delete(sid)
      return answer(callback, null)
    }
  }
  return new TestStore()
}

/** A store that answers by promises only. */
class PromiseStore extends session.Store {
  sessions = new Map()
  async get(sid) {
    return this.sessions.get(sid)
  }
  async set(sid, data) {
    this.sessions.set(sid, JSON.parse(JSON.stringify(data)))
  }
  async destroy(sid) {
    this.sessions.delete(sid)
  }
}

const count = (req, res) => {
  req.session.count = (req.session.count || 0) + 1
  res.send(String(req.session.count))
}

async function twoVisits(app) {
  const browser = request.agent(app)
  return [(await browser.get('/')).text, (await browser.get('/')).text]
}

describe('a store', () => {
  it('may answer at once', async () => {
    assert.deepStrictEqual(
      await twoVisits(appWith({ store: storeThat((callback, ...answer) => callback(...answer)) }, count)),
      ['1', '2']
    )
  })

  it('may answer twice', async () => {
    const twice = (callback, ...answer) => {
      callback(...answer)
      setImmediate(callback, new Error('again'))
      setImmediate(callback, ...answer)
    }
    const app = appWith({ store: storeThat(twice) }, count)
    assert.deepStrictEqual(await twoVisits(app), ['1', '2'])
    assert.deepStrictEqual(app.errors, [])
  })

  it('may answer by promise', async () => {
    const app = appWith({ store: new PromiseStore() }, count)
    assert.deepStrictEqual(await twoVisits(app), ['1', '2'])
  })

  it('regenerates and destroys by promise', async () => {
    const store = new PromiseStore()
    const app = appWith({ store }, async (req, res) => {
      await req.session.regenerate()
      req.session.user = 'alice'
      await req.session.save()
      await req.session.reload()
      const { user } = req.session
      await req.session.destroy()
      res.send(`${user} ${store.sessions.size} ${req.session}`)
    })
    assert.strictEqual((await request(app).get('/')).text, 'alice 0 undefined')
  })

  it('is not believed when it resolves before it has called back', async () => {
    const early = async (callback, ...answer) => {
      setTimeout(callback, 5, ...answer)
    }
    assert.deepStrictEqual(await twoVisits(appWith({ store: storeThat(early) }, count)), ['1', '2'])
  })

  it('may throw or reject, which is an error of the request', async () => {
    for (const fail of [
      () => {
        throw new Error('out of order')
      },
      () => Promise.reject(new Error('out of order'))
    ]) {
      const store = storeThat((callback, ...answer) => callback(...answer))
      const app = appWith({ store }, count)
      const first = await request(app).get('/')
      store.get = fail
      const second = await request(app).get('/').set('Cookie', sentBack(first))
      assert.strictEqual(second.status, 500)
      assert.strictEqual(second.text, 'out of order')
    }
  })

  it('may throw or reject with nothing, which is an error all the same', async () => {
    const nothing = [
      () => {
        throw undefined
      },
      () => Promise.reject()
    ]
    for (const fail of nothing) {
      const store = storeThat((callback, ...answer) => callback(...answer))
      const app = appWith({ store }, count)
      const first = await request(app).get('/')
      store.get = fail
      const second = await request(app).get('/').set('Cookie', sentBack(first))
      assert.strictEqual(second.status, 500)
      assert.match(second.text, /store\.get\(\)/)
    }
  })

  it('keeps the async context of the request', async () => {
    const context = new AsyncLocalStorage()
    // A connection that was there before the request, as clients of databases have them.
    const waiting = []
    const timer = setInterval(() => waiting.splice(0).forEach((answer) => answer()), 1)
    try {
      const store = storeThat((callback, ...answer) => waiting.push(() => callback(...answer)))
      const app = appWith({ store }, (req, res) => {
        req.session.seen = context.getStore()
        req.session.save(() => res.send(context.getStore()))
      })
      const inContext = (req, res) => context.run('here', () => app(req, res))
      const first = await request(inContext).get('/')
      const second = await request(inContext).get('/').set('Cookie', sentBack(first))
      assert.deepStrictEqual([first.text, second.text], ['here', 'here'])
    } finally {
      clearInterval(timer)
    }
  })

  it('loads a session outside of a request', async () => {
    const store = storeThat((callback, ...answer) => callback(...answer))
    const load = (sid) => new Promise((resolve) => store.load(sid, (...answer) => resolve(answer)))
    await new Promise((resolve) =>
      store.set('sid', { cookie: { expires: '2099-01-01T00:00:00.000Z' }, n: 1 }, resolve)
    )
    store.sessions.set('garbled', { n: 1 })

    const [, loaded] = await load('sid')
    assert.strictEqual(loaded.n, 1)
    assert.strictEqual(loaded.id, 'sid')
    assert(loaded.cookie.expires instanceof Date)
    loaded.n = 2
    await loaded.save()
    assert.strictEqual(store.sessions.get('sid').n, 2)

    assert.deepStrictEqual(await load('unknown'), [undefined])
    assert.match((await load('garbled'))[0].message, /expires/)
    store.get = (sid, callback) => callback(new Error('out of order'))
    assert.match((await load('sid'))[0].message, /out of order/)
  })

  it('hears of a genid that throws when it regenerates', async () => {
    let ids = 0
    const genid = () => {
      if (ids++) throw new Error('no more ids')
      return 'first'
    }
    const app = appWith({ genid }, (req, res) => req.session.regenerate((error) => res.send(error.message)))
    assert.strictEqual((await request(app).get('/')).text, 'no more ids')
  })

  it('may hand out sessions of another copy of this library', async () => {
    const theirs = require('upstream-session')
    class Foreign extends theirs.MemoryStore {
      sets = 0
      set(...args) {
        this.sets++
        super.set(...args)
      }
    }
    const store = new Foreign()
    const app = appWith({ store }, async (req, res) => {
      req.session.count = (req.session.count || 0) + 1
      await req.session.save()
      await req.session.reload()
      res.send(String(req.session.count))
    })
    assert.deepStrictEqual(await twoVisits(app), ['1', '2'])
    assert.strictEqual(
      store.sets,
      2,
      'a save is noticed, so that the end of the response need not save again'
    )
  })

  it('serves several middlewares, each with its own cookie options', async () => {
    const store = new session.MemoryStore()
    const login = (req, res) => req.session.regenerate(() => res.end())
    const one = appWith({ store, name: 'one', cookie: { path: '/one' } }, login)
    const two = appWith({ store, name: 'two', cookie: { path: '/two' } }, login)
    assert.match(cookieOf(await request(one).get('/one'), 'one'), /Path=\/one;/)
    assert.match(cookieOf(await request(two).get('/two'), 'two'), /Path=\/two;/)
    assert.strictEqual(store.listenerCount('connect'), 1)
    assert.strictEqual(store.listenerCount('disconnect'), 1)

    const req = {}
    store.generate(req)
    assert.strictEqual(
      req.session.cookie.path,
      '/two',
      'for a request of its own, as the middleware made last'
    )
  })
})

describe('a MemoryStore', () => {
  for (const [name, middleware] of [
    ['of express-session 1.19.0', require('upstream-session')],
    ['of ours', session]
  ]) {
    it(`${name} has a request wait for a turn of the event loop, so that those that came with it are read first`, async () => {
      const order = []
      const app = express()
      app.use((req, res, next) => {
        order.push('arrives')
        next()
        order.push('waits')
      })
      app.use(middleware({ secret: 'secret', resave: false, saveUninitialized: false }))
      app.get('/', (req, res) => {
        req.session.visited = true
        order.push('is served')
        res.end()
      })

      const browser = request.agent(app)
      await browser.get('/')
      assert.deepStrictEqual(order.splice(0), ['arrives', 'is served', 'waits'])
      await browser.get('/')
      assert.deepStrictEqual(order, ['arrives', 'waits', 'is served'])
    })
  }
})
