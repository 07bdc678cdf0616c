'use strict'

const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const { EventEmitter } = require('node:events')
const express = require('express')
const {
  JsonStore,
  closeAll,
  pause,
  rawClient,
  serve,
  session,
  unhandledDuring,
  until,
  usual
} = require('../support/harness')

const good = JsonStore.prototype

/** What a method of a store may do when it has done its work; each gets the callback and what belongs into it. */
const answers = {
  'answers at once': (callback, answer) => callback(...answer),
  'answers late': (callback, answer) => setTimeout(callback, 50, ...answer),
  'answers twice'(callback, answer) {
    callback(...answer)
    callback(...answer)
    setImmediate(callback, ...answer)
  },
  'answers, then gives an error'(callback, answer) {
    callback(...answer)
    callback(new Error('too late'))
  },
  'answers, then throws'(callback, answer) {
    callback(...answer)
    throw new Error('too late')
  },
  'answers, and resolves to something else'(callback, answer) {
    callback(...answer)
    return Promise.resolve('something else')
  },
  'answers with garbage behind the answer, and returns garbage'(callback, answer) {
    callback(...answer, 'garbage', { more: 'garbage' })
    return { then: 'garbage' }
  },
  'answers with a falsy error'(callback, [, result]) {
    callback(0, result)
  },
  'answers, and rejects later'(callback, answer) {
    setImmediate(callback, ...answer)
    return rejectLater()
  }
}

const failures = {
  'throws at once'() {
    throw new Error('store failed')
  },
  'gives an error': (callback) => setImmediate(callback, new Error('store failed')),
  'gives an error twice'(callback) {
    callback(new Error('store failed'))
    callback(new Error('again'))
  },
  'rejects, and calls nothing back': () => Promise.reject(new Error('store failed')),
  'gives an error, and rejects'(callback) {
    callback(new Error('store failed'))
    return rejectLater()
  }
}

/** What stores give for an error, and no error is. */
const strangeErrors = ['text', 42, { message: 'an object' }, Symbol('error')]

function rejectLater() {
  return pause(20).then(() => Promise.reject(new Error('too late')))
}

describe('any method of a store', () => {
  afterEach(closeAll)

  for (const [behaviour, misbehave] of Object.entries({ ...answers, ...failures })) {
    for (const method of ['get', 'set', 'touch', 'destroy']) {
      it(`${method} ${behaviour}: one response, one answer`, async () => {
        let misbehaving = false
        const store = new JsonStore({
          [method](...args) {
            if (!misbehaving) return good[method].apply(this, args)
            const callback = args.pop()
            if (method === 'get') return misbehave(callback, [null, JSON.parse(this.sessions[args[0]])])
            good[method].call(this, ...args, () => {})
            return misbehave(callback, [null])
          }
        })
        const { visit, errors } = await serve({ store, unset: 'destroy' }, (req, res) => {
          if (!misbehaving || method === 'set') req.session.count = (req.session.count || 0) + 1
          if (misbehaving && method === 'destroy') req.session = null
          res.send('body')
        })

        const { cookie } = await visit()
        misbehaving = true
        let response
        const unhandled = await unhandledDuring(async () => {
          response = await visit({ cookie })
          await pause(60)
        })

        const fails = behaviour in failures
        const body = method === 'get' && fails ? 'Error page: store failed' : 'body'
        assert.deepEqual([response.end, response.body], ['complete', body])
        assert.deepEqual(errors.map(String), fails ? ['Error: store failed'] : [])
        assert.deepEqual(unhandled, [])
      })
    }
  }

  for (const error of strangeErrors) {
    for (const method of ['get', 'set', 'touch', 'destroy']) {
      it(`${method} gives ${typeof error} for an error: one response, and next has it`, async () => {
        let misbehaving = false
        const store = new JsonStore({
          [method](...args) {
            if (!misbehaving) return good[method].apply(this, args)
            setImmediate(args.at(-1), error)
          }
        })
        const { visit, errors } = await serve({ store, unset: 'destroy' }, (req, res) => {
          if (!misbehaving || method === 'set') req.session.count = (req.session.count || 0) + 1
          if (misbehaving && method === 'destroy') req.session = null
          res.send('body')
        })
        const { cookie } = await visit()
        misbehaving = true
        assert.equal((await visit({ cookie })).end, 'complete')
        await until(() => errors.length)
        assert.equal(errors[0], error)
      })
    }
  }

  for (const method of ['get', 'set', 'touch', 'destroy']) {
    it(`${method} never answers: the request waits, and nothing else does`, async () => {
      let stuck = false
      const store = new JsonStore({
        [method](...args) {
          if (!stuck) return good[method].apply(this, args)
        }
      })
      const { port, visit, errors } = await serve({ store, unset: 'destroy' }, (req, res) => {
        if (!stuck || method === 'set') req.session.count = (req.session.count || 0) + 1
        if (stuck && method === 'destroy') req.session = null
        res.send('body')
      })
      const { cookie } = await visit()
      stuck = true
      const client = rawClient(port, `GET / HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n\r\n`)
      await pause(50)
      assert.equal(client.received, '')
      client.socket.destroy()
      await client.closed
      stuck = false
      assert.equal((await visit()).body, 'body')
      assert.equal((await visit({ cookie })).body, 'body')
      assert.deepEqual(errors, [])
    })
  }
})

describe('a promise counts as the answer when the method does not declare a callback', () => {
  afterEach(closeAll)

  class PromisingStore extends session.Store {
    sessions = {}

    async get(sid) {
      return this.sessions[sid] && JSON.parse(this.sessions[sid])
    }

    async set(sid, data) {
      await pause(5)
      this.sessions[sid] = JSON.stringify(data)
    }

    async destroy(sid) {
      delete this.sessions[sid]
    }

    async touch() {}
  }

  it('for all four methods', async () => {
    const store = new PromisingStore()
    const { visit, errors } = await serve({ store, unset: 'destroy' }, (req, res) => {
      if (req.url === '/out') req.session = null
      else if (req.url !== '/look') req.session.count = (req.session.count || 0) + 1
      res.send(String(req.session?.count))
    })
    const { cookie } = await visit()
    assert.equal((await visit({ cookie })).body, '2')
    assert.equal((await visit({ cookie, path: '/look' })).body, '2')
    assert.equal((await visit({ cookie, path: '/out' })).end, 'complete')
    assert.deepEqual(store.sessions, {})
    assert.deepEqual(errors, [])
  })

  it('and not when it does: a promise that resolves first answers nothing', async () => {
    const store = new JsonStore({
      async set(sid, data, callback) {
        setTimeout(() => good.set.call(this, sid, data, callback), 30)
      }
    })
    const { visit } = await serve({ store }, (req, res) => {
      req.session.user = 'ada'
      res.end()
    })
    await visit()
    assert.equal(Object.keys(store.sessions).length, 1)
  })

  it('a rejection always does', async () => {
    const store = new JsonStore({
      async get(sid, callback) {
        void callback
        throw new Error('store failed')
      }
    })
    const { visit } = await serve({ store }, (req, res) => {
      req.session.user = 'ada'
      res.end()
    })
    const { cookie } = await visit()
    assert.equal((await visit({ cookie })).body, 'Error page: store failed')
  })
})

describe('data that no session is made of', () => {
  afterEach(closeAll)

  const garbage = {
    'a string': 'garbage',
    'a number': 42,
    true: true,
    'an array': [],
    'an empty object': {},
    'a null cookie': { cookie: null },
    'a cookie that is text': { cookie: 'text' },
    'a cookie with wrong types': { cookie: { expires: {}, originalMaxAge: 'x', path: 5, httpOnly: 'no' } },
    'a date that is none': { cookie: { expires: 'yesterday', originalMaxAge: 1000 } },
    'a numeric date': { cookie: { expires: 8.64e16, originalMaxAge: 1000 } },
    'an invalid maxAge': { cookie: { maxAge: 'soon' } },
    'a wrong sameSite': { cookie: { sameSite: 'sideways', priority: 7, domain: 9 } },
    'a frozen object': Object.freeze({ cookie: Object.freeze({ expires: null, originalMaxAge: null }) }),
    'without a prototype': Object.assign(Object.create(null), { cookie: { expires: null } })
  }

  for (const [name, data] of Object.entries(garbage)) {
    for (const change of [true, false]) {
      it(`${name}${change ? ', which the app changes' : ''}: a finished response`, async () => {
        const store = new JsonStore()
        const { visit } = await serve({ store, rolling: true }, (req, res) => {
          if (change || req.url === '/login') req.session.user = 'ada'
          res.send('body')
        })
        const { cookie } = await visit({ path: '/login' })

        store.get = (sid, callback) => setImmediate(callback, null, data)
        const response = await visit({ cookie })
        assert.equal(response.end, 'complete')
        assert.ok(response.body === 'body' || response.body.startsWith('Error page: '), response.body)
        store.get = good.get
        assert.equal((await visit()).body, 'body')
      })
    }
  }

  it('without a cookie is an error for next, in the words of 1.19', async () => {
    const store = new JsonStore()
    const { visit } = await serve({ store }, (req, res) => {
      req.session.user = 'ada'
      res.end()
    })
    const { cookie } = await visit()
    store.get = (sid, callback) => callback(null, { user: 'ada' })
    const { status, body } = await visit({ cookie })
    assert.equal(status, 500)
    assert.match(body, /Cannot read properties of undefined \(reading 'expires'\)/)
  })
})

describe('ENOENT', () => {
  afterEach(closeAll)

  for (const [name, error, isError] of [
    ['of a missing file is no session', { code: 'ENOENT', syscall: 'open' }, false],
    ['of a failed connection is an error', { code: 'ENOENT', syscall: 'connect' }, true]
  ]) {
    it(name, async () => {
      const store = new JsonStore()
      const { visit } = await serve({ store }, (req, res) => {
        req.session.user ||= 'ada'
        res.send(req.sessionID)
      })
      const { cookie } = await visit()
      store.get = (sid, callback) => setImmediate(callback, Object.assign(new Error('ENOENT'), error))
      const response = await visit({ cookie })
      if (isError) assert.equal(response.body, 'Error page: ENOENT')
      else assert.equal(response.body, 'id2')
    })
  }
})

describe('the async context of the request survives the store', () => {
  afterEach(closeAll)

  it('in the handler, in callbacks of the session, and in the error handler', async () => {
    const context = new AsyncLocalStorage()
    // A store with one connection answers from the context in which the connection was made.
    const answers = []
    const connection = setInterval(() => answers.splice(0).forEach((answer) => answer()), 5)
    const store = new JsonStore({
      get(sid, callback) {
        answers.push(() => callback(null, this.sessions[sid] && JSON.parse(this.sessions[sid])))
      },
      set(sid, data, callback) {
        this.sessions[sid] = JSON.stringify(data)
        answers.push(() => callback(sid === 'id1' && data.fail ? new Error('set failed') : null))
      },
      destroy: (sid, callback) => answers.push(callback)
    })
    const seen = {}
    const { visit, app } = await serve(
      { store },
      (req, res) => {
        seen.handler = context.getStore()
        req.session.count = (req.session.count || 0) + 1
        req.session.save(() => {
          seen.save = context.getStore()
          req.session.reload(() => {
            seen.reload = context.getStore()
            req.session.fail = req.url === '/fail'
            res.on('finish', () => (seen.finish = context.getStore()))
            res.end()
          })
        })
      },
      (app) => app.use((req, res, next) => context.run(req.url, next))
    )
    app.use((error, req, res, next) => {
      seen.error = context.getStore()
      next(error)
    })
    try {
      const { cookie } = await visit({ path: '/first' })
      await visit({ path: '/fail', cookie })
      await until(() => seen.error)
    } finally {
      clearInterval(connection)
    }
    assert.deepEqual(seen, {
      handler: '/fail',
      save: '/fail',
      reload: '/fail',
      finish: '/fail',
      error: '/fail'
    })
  })
})

describe('several middlewares that share a store', () => {
  afterEach(closeAll)

  it('listen to it once', () => {
    const store = new JsonStore()
    for (let i = 0; i < 20; i++) session({ ...usual, store })
    assert.equal(store.listenerCount('connect'), 1)
    assert.equal(store.listenerCount('disconnect'), 1)
  })

  it('keep their own cookie options and genid', async () => {
    const store = new JsonStore()
    const app = express()
    const write = (req, res) => {
      req.session.user = 'ada'
      res.send(req.sessionID)
    }
    app.use(
      '/a',
      session({ ...usual, store, name: 'a', genid: () => 'from-a', cookie: { sameSite: 'lax' } }),
      write
    )
    app.use(
      '/b',
      session({ ...usual, store, name: 'b', genid: () => 'from-b', cookie: { maxAge: 5000 } }),
      write
    )
    const { listen, visit } = require('../support/harness')
    const { port } = await listen(require('node:http').createServer(app))

    const a = await visit(port, { path: '/a' })
    const b = await visit(port, { path: '/b' })
    assert.deepEqual([a.body, b.body], ['from-a', 'from-b'])
    assert.match(a.setCookie[0], /; Path=\/; HttpOnly; SameSite=Lax$/)
    assert.match(b.setCookie[0], /; Path=\/; Expires=[^;]+; HttpOnly$/)
  })

  it('work with a store that is no event emitter', async () => {
    const store = new JsonStore()
    const plain = {
      get: store.get.bind(store),
      set: store.set.bind(store),
      destroy: store.destroy.bind(store),
      createSession: store.createSession,
      on: EventEmitter.prototype.on
    }
    const { visit } = await serve({ store: plain }, (req, res) => {
      req.session.count = (req.session.count || 0) + 1
      res.send(String(req.session.count))
    })
    const { cookie } = await visit()
    assert.equal((await visit({ cookie })).body, '2')
  })
})

describe('a store that is disconnected', () => {
  afterEach(closeAll)

  it('is passed by: there is no session until it is back', async () => {
    const store = new JsonStore()
    const { visit } = await serve({ store }, (req, res) => res.send(String(req.session && req.sessionID)))
    assert.equal((await visit()).body, 'id1')
    store.emit('disconnect')
    assert.equal((await visit()).body, 'undefined')
    store.emit('connect')
    assert.equal((await visit()).body, 'id2')
  })
})
