'use strict'

// A store may answer once, twice, at once, late, by a promise or by throwing: each request gets one response, and each
// error is heard once.

const assert = require('node:assert/strict')
const {
  JsonStore,
  closeAll,
  loggedIn,
  pause,
  rawClient,
  serve,
  session,
  unhandledDuring,
  until
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

  for (const [what, fail] of Object.entries({
    throws() {
      throw undefined
    },
    rejects: () => Promise.reject()
  })) {
    it(`get ${what} with nothing for an error: the request fails all the same`, async () => {
      const { visit, cookie, store } = await loggedIn({}, (req, res) => res.send('body'))
      store.get = fail
      assert.match((await visit({ cookie })).body, /^Error page: .*store\.get\(\)/)
    })
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

describe('a falsy error beside no session', () => {
  afterEach(closeAll)

  for (const error of [null, undefined, false, 0, '']) {
    it(`is none, so that a reload finds that the session is gone: ${JSON.stringify(error)}`, async () => {
      const { visit, cookie, store } = await loggedIn({}, (req, res) => {
        store.get = (sid, callback) => setImmediate(callback, error, null)
        req.session.reload((fault) => res.send(String(fault?.message)))
      })
      assert.equal((await visit({ cookie })).body, 'failed to load session')
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

  it('for the methods of the session', async () => {
    const store = new PromisingStore()
    const { visit } = await serve({ store }, async (req, res) => {
      await req.session.regenerate()
      req.session.user = 'ada'
      await req.session.save()
      await req.session.reload()
      const { user } = req.session
      await req.session.destroy()
      res.send(`${user} ${req.session}`)
    })
    assert.equal((await visit()).body, 'ada undefined')
    assert.deepEqual(store.sessions, {})
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
