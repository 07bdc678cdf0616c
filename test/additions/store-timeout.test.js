'use strict'

// With storeTimeout no request waits for a store longer than that: what has not been answered fails, and is not heard later.

const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const { execFile } = require('node:child_process')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { promisify } = require('node:util')
const express = require('express')
const {
  JsonStore,
  closeAll,
  gate,
  listen,
  loggedIn,
  serve,
  session,
  unhandledDuring,
  until,
  usual
} = require('../support/harness')

const TIME = 40
const METHODS = ['get', 'set', 'touch', 'destroy']

/** A store with methods that take their time, if they ever answer; by `gates` it answers late. */
class SlowStore extends JsonStore {
  constructor() {
    super()
    this.gates = {}
    for (const method of METHODS) {
      this[method] = (...args) => {
        const held = this.gates[method]
        if (!held) return JsonStore.prototype[method].apply(this, args)
        this.calls.push(`${method} ${args[0]}`)
        held.pass(() => JsonStore.prototype[method].apply(this, args))
      }
    }
  }

  /** From now on this method does nothing, and says nothing, until its gate is opened. */
  hold(method) {
    return (this.gates[method] = gate())
  }

  release(method) {
    delete this.gates[method]
  }
}

/** As `loggedIn`, with a store that can be held. */
const slow = (options, handler) =>
  loggedIn({ store: new SlowStore(), storeTimeout: TIME, ...options }, handler)

function assertTimedOut(error, method) {
  assert.equal(error?.code, 'ESTORETIMEOUT')
  assert.equal(error.status, 503)
  const page = 'See docs/troubleshooting.md#estoretimeout'
  assert.equal(error.message, `store.${method}() has not answered within ${TIME} ms. ${page}`)
}

afterEach(closeAll)

describe('storeTimeout', () => {
  it("answers with 503 through Express's own error handler", async () => {
    const store = new SlowStore()
    const app = express().set('env', 'test')
    app.use(session({ ...usual, store, storeTimeout: TIME, genid: () => 'id1' }))
    app.use((req, res) => {
      req.session.user = 'ada'
      res.end()
    })
    const { visit } = await listen(http.createServer(app))
    const { cookie } = await visit()
    store.hold('get')
    assert.equal((await visit({ cookie })).status, 503)

    store.release('get')
    assert.equal((await visit({ cookie })).status, 200)
  })

  it('fails a request whose session does not come, before the app has it', async () => {
    const { store, visit, cookie, errors, ...served } = await slow({}, (req, res) => res.end())
    store.hold('get')
    const { body } = await visit({ cookie })
    assert.match(body, /^Error page: store.get\(\)/)
    assertTimedOut(errors[0], 'get')
    assert.equal(errors.length, 1)
    assert.equal(served.visits, 1)
  })

  it('leaves alone what is answered in time', async () => {
    const { store, visit, cookie, errors } = await slow({}, (req, res) => {
      req.session.views = 1
      res.end(req.session.user)
    })
    assert.equal((await visit({ cookie })).body, 'ada')
    assert.equal(JSON.parse(store.sessions.id1).views, 1)
    assert.deepEqual(errors, [])
  })

  const ends = {
    'a changed session': { change: true, method: 'set' },
    'a session that is only read': { method: 'touch' },
    'resave: true': { options: { resave: true }, method: 'set' },
    'rolling: true': { options: { rolling: true }, method: 'touch', sendsCookie: true },
    "unset: 'destroy'": { options: { unset: 'destroy' }, unset: true, method: 'destroy' }
  }
  for (const [name, { options, change, unset, method, sendsCookie }] of Object.entries(ends)) {
    it(`lets the response leave, and the error follow: ${name}`, async () => {
      const { store, visit, cookie, errors } = await slow(options ?? {}, (req, res) => {
        if (change) req.session.views = 1
        if (unset) req.session = null
        res.end('the page')
      })
      store.hold(method)
      const { status, body, setCookie, end } = await visit({ cookie })
      assert.deepEqual([status, body, end], [200, 'the page', 'complete'])
      assert.equal(setCookie.length, sendsCookie ? 1 : 0)
      await until(() => errors.length > 0)
      assertTimedOut(errors[0], method)
      assert.equal(errors.length, 1)
    })
  }

  it('lets the response leave, and the error follow: a new session of saveUninitialized: true', async () => {
    const store = new SlowStore()
    store.hold('set')
    const options = { store, saveUninitialized: true, storeTimeout: TIME }
    const { visit, errors } = await serve(options, (req, res) => res.end('the page'))
    const { status, setCookie } = await visit()
    assert.deepEqual([status, setCookie.length], [200, 1])
    await until(() => errors.length > 0)
    assertTimedOut(errors[0], 'set')
  })

  const calls = { save: 'set', reload: 'get', destroy: 'destroy', regenerate: 'regenerate' }
  for (const [name, method] of Object.entries(calls)) {
    const held = name === 'regenerate' ? 'destroy' : method
    it(`fails ${name}() of the session, by callback`, async () => {
      let store
      const { visit, cookie, errors, ...served } = await slow({}, (req, res, next) => {
        store.hold(held)
        req.session[name]((error) => {
          store.release(held)
          next(error)
        })
      })
      store = served.store
      await visit({ cookie })
      assertTimedOut(errors[0], method)
      assert.equal(errors.length, 1)
    })

    it(`fails ${name}() of the session, by promise`, async () => {
      let store
      const { visit, cookie, errors, ...served } = await slow({}, async (req) => {
        store.hold(held)
        try {
          await req.session[name]()
        } finally {
          store.release(held)
        }
      })
      store = served.store
      await visit({ cookie })
      assertTimedOut(errors[0], method)
      assert.equal(errors.length, 1)
    })
  }

  it('saves at the end what an explicit save could not', async () => {
    let store
    const { visit, cookie, ...served } = await slow({}, (req, res) => {
      req.session.views = 1
      store.hold('set')
      req.session.save((error) => {
        store.release('set')
        res.end(error.code)
      })
    })
    store = served.store
    assert.equal((await visit({ cookie })).body, 'ESTORETIMEOUT')
    assert.equal(JSON.parse(store.sessions.id1).views, 1)
  })

  it('does not hear late answers', async () => {
    const { store, visit, cookie, errors } = await slow({}, (req, res) => {
      req.session.views = 1
      res.end()
    })
    const loads = store.hold('get')
    await visit({ cookie })
    store.release('get')
    const saves = store.hold('set')
    await visit({ cookie })
    await until(() => errors.length === 2)
    const unhandled = await unhandledDuring(async () => {
      loads.open()
      saves.open()
      await until(() => JSON.parse(store.sessions.id1).views === 1)
    })
    assert.deepEqual(unhandled, [])
    assert.deepEqual(
      errors.map(({ message }) => message.split(' ')[0]),
      ['store.get()', 'store.set()']
    )
  })

  it('does not hear late errors', async () => {
    const late = gate()
    const store = new JsonStore({ get: (sid, callback) => late.pass(() => callback(new Error('late'))) })
    const { visit, errors, cookie } = await loggedIn({ store, storeTimeout: TIME }, (req, res) => res.end())
    await visit({ cookie })
    assert.deepEqual(await unhandledDuring(() => late.open()), [])
    assertTimedOut(errors[0], 'get')
    assert.equal(errors.length, 1)
  })

  it('limits stores that answer by promise', async () => {
    let never = false
    class PromiseStore extends session.Store {
      sessions = new Map()
      async get(sid) {
        if (never) await new Promise(() => {})
        return JSON.parse(this.sessions.get(sid) ?? 'null')
      }
      async set(sid, data) {
        this.sessions.set(sid, JSON.stringify(data))
      }
      async destroy(sid) {
        this.sessions.delete(sid)
      }
    }
    const { visit, errors } = await serve({ store: new PromiseStore(), storeTimeout: TIME }, (req, res) => {
      req.session.views = (req.session.views ?? 0) + 1
      res.end(`${req.session.views}`)
    })
    const { cookie } = await visit()
    assert.equal((await visit({ cookie })).body, '2')
    never = true
    await visit({ cookie })
    assertTimedOut(errors[0], 'get')
    never = false
    assert.equal((await visit({ cookie })).body, '3')
  })

  it('limits a promise that is rejected late', async () => {
    let reject
    const get = () => new Promise((_, refuse) => (reject = refuse))
    const { visit, errors, cookie } = await loggedIn(
      { store: new JsonStore({ get }), storeTimeout: TIME },
      (req, res) => res.end()
    )
    await visit({ cookie })
    assert.deepEqual(await unhandledDuring(() => reject(new Error('late'))), [])
    assertTimedOut(errors[0], 'get')
    assert.equal(errors.length, 1)
  })

  it('limits MemoryStore and what inherits from it', async () => {
    class Stuck extends session.MemoryStore {
      get(sid, callback) {
        if (!this.isStuck) super.get(sid, callback)
      }
    }
    const store = new Stuck()
    const { visit, errors } = await serve({ store, storeTimeout: TIME }, (req, res) => {
      req.session.views = (req.session.views ?? 0) + 1
      res.end(`${req.session.views}`)
    })
    const { cookie } = await visit()
    assert.equal((await visit({ cookie })).body, '2')
    store.isStuck = true
    await visit({ cookie })
    assertTimedOut(errors[0], 'get')
  })

  it('limits the store that the app has given a request', async () => {
    const other = new SlowStore()
    other.hold('set')
    const { visit, cookie, errors } = await slow({}, (req, res, next) => {
      req.sessionStore = other
      req.session.save(next)
    })
    await visit({ cookie })
    assertTimedOut(errors[0], 'set')
  })

  it('keeps the asynchronous context, in time and over time', async () => {
    const context = new AsyncLocalStorage()
    const seen = []
    const { store, visit, cookie } = await slow({}, (req, res) => {
      context.run('the request', () => {
        req.session.reload(() => {
          seen.push(context.getStore())
          if (seen.length === 2) return res.end()
          store.hold('get')
          req.session.reload((error) => {
            seen.push(error.code, context.getStore())
            res.end()
          })
        })
      })
    })
    await visit({ cookie })
    assert.deepEqual(seen, ['the request', 'ESTORETIMEOUT', 'the request'])
  })

  it('is not taken in by a process that was too busy to hear the answer', async () => {
    const store = new JsonStore({
      get(sid, callback) {
        // The answer comes from the kernel, as from a socket, while the process is busy.
        fs.stat(__filename, () => callback(null, JSON.parse(this.sessions[sid])))
        const over = Date.now() + 3 * TIME
        while (Date.now() < over);
      }
    })
    const { visit, cookie, errors } = await loggedIn({ store, storeTimeout: TIME }, (req, res) =>
      res.end(req.session.user)
    )
    assert.equal((await visit({ cookie })).body, 'ada')
    assert.deepEqual(errors, [])
  })

  it('may be longer than a timer of Node can wait', async () => {
    const store = new JsonStore({
      get: (sid, callback) => setTimeout(() => callback(null, JSON.parse(store.sessions[sid])), TIME)
    })
    const options = { store, storeTimeout: Number.MAX_VALUE }
    const { visit, cookie, errors } = await loggedIn(options, (req, res) => res.end(req.session.user))
    assert.equal((await visit({ cookie })).body, 'ada')
    assert.deepEqual(errors, [])
  })

  it('does not keep the process alive', async () => {
    const script = `
      const { Store, ...session } = require('express-session')
      const middleware = require('express-session')({
        secret: 'keyboard cat', resave: false, saveUninitialized: true, storeTimeout: 3600_000,
        store: Object.assign(new (class extends Store {})(), { get() {}, set() {}, destroy() {} })
      })
      const req = { url: '/', headers: {}, connection: {} }
      middleware(req, {}, () => req.session.save(() => {}))
      console.log('saving')
    `
    const root = path.join(__dirname, '..', '..')
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], {
      cwd: root,
      timeout: 15_000
    })
    assert.equal(stdout, 'saving\n')
  })

  for (const value of [
    0,
    -1,
    NaN,
    Infinity,
    '1000',
    null,
    true,
    {},
    10n,
    Symbol('soon'),
    Object.create(null)
  ]) {
    it(`refuses ${String(typeof value)} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`, () => {
      assert.throws(
        () => session({ ...usual, storeTimeout: value }),
        (error) => {
          assert.ok(error instanceof TypeError)
          assert.match(
            error.message,
            /^storeTimeout option must be a positive, finite number of milliseconds, not ./
          )
          return true
        }
      )
    })
  }

  it('names the wrong value', () => {
    assert.throws(() => session({ ...usual, storeTimeout: '5s' }), /^TypeError: storeTimeout .* not '5s'$/)
  })

  it('takes undefined for none', async () => {
    const held = gate()
    const store = new SlowStore()
    const { visit, cookie } = await loggedIn({ store, storeTimeout: undefined }, (req, res) =>
      res.end('served')
    )
    store.gates.get = held
    const answer = visit({ cookie })
    await until(() => held.waiting === 1)
    held.open()
    assert.equal((await answer).body, 'served')
  })
})

describe('a session whose ending has timed out', () => {
  const user = (req, res) => res.end(req.session.user ?? 'nobody')
  const logoutOrWrite = (req, res, next) => {
    if (req.url === '/logout') return req.session.destroy((error) => (error ? next(error) : res.end()))
    if (req.url === '/write') req.session.views = 1
    return user(req, res)
  }

  it('stays ended, and is destroyed again when it is met', async () => {
    const { store, visit, cookie } = await slow({}, (req, res, next) => {
      if (req.url === '/logout') return req.session.destroy(next)
      user(req, res)
    })
    store.hold('destroy')
    assert.match((await visit({ cookie, path: '/logout' })).body, /ESTORETIMEOUT|has not answered/)
    assert.ok(store.sessions.id1)

    store.release('destroy')
    store.takeCalls()
    assert.equal((await visit({ cookie })).body, 'nobody')
    assert.deepEqual(store.takeCalls(), ['get id1', 'destroy id1'])
    assert.equal(store.sessions.id1, undefined)
  })

  it('is not brought back by a save that comes late', async () => {
    const { store, visit, cookie, errors } = await slow({}, logoutOrWrite)
    const saves = store.hold('set')
    await visit({ cookie, path: '/write' })
    await until(() => errors.length === 1)
    await visit({ cookie, path: '/logout' })
    assert.equal(store.sessions.id1, undefined)

    store.takeCalls()
    saves.open()
    await until(() => store.calls.includes('destroy id1'))
    assert.equal(store.sessions.id1, undefined)
    assert.equal((await visit({ cookie })).body, 'nobody')
  })

  it('is not brought back by a request that has it still', async () => {
    const writes = gate()
    const { store, visit, cookie } = await slow({}, (req, res, next) => {
      if (req.url === '/logout') return req.session.destroy(next)
      req.session.views = 1
      writes.pass(() => res.end())
    })
    const writing = visit({ cookie })
    await until(() => writes.waiting === 1)
    store.hold('destroy')
    await visit({ cookie, path: '/logout' })
    store.takeCalls()
    writes.open()
    await writing
    assert.deepEqual(store.takeCalls(), [])
  })

  it('gets nothing from an app that does not look at the error of regenerate', async () => {
    // As in many tutorials: the user is written to whatever session there is then.
    const codes = []
    const { store, visit, cookie } = await slow({}, (req, res) => {
      if (req.url !== '/again') return user(req, res)
      req.session.regenerate((error) => {
        codes.push(error.code)
        req.session.user = 'root'
        req.session.save((refused) => {
          codes.push(refused.code)
          res.end()
        })
      })
    })
    store.hold('destroy')
    await visit({ cookie, path: '/again' })
    assert.deepEqual(codes, ['ESTORETIMEOUT', 'ESESSIONENDED'])
    assert.equal(JSON.parse(store.sessions.id1).user, 'ada')
    store.release('destroy')
    assert.equal((await visit({ cookie })).body, 'nobody')
  })

  it('comes to nothing when the store regenerates it late', async () => {
    const { store, visit, cookie, errors } = await slow({}, (req, res, next) => {
      if (req.url === '/again') return req.session.regenerate(next)
      user(req, res)
    })
    const destroys = store.hold('destroy')
    await visit({ cookie, path: '/again' })
    store.release('destroy')
    assert.deepEqual(await unhandledDuring(() => destroys.open()), [])
    assert.equal(errors.length, 1)
    assert.deepEqual(Object.keys(store.sessions), [])
  })

  it('lives on where the store has refused, and not just been slow', async () => {
    const { store, visit, cookie } = await slow({}, (req, res, next) => {
      if (req.url === '/logout') return req.session.destroy(next)
      user(req, res)
    })
    store.destroy = (sid, callback) => setImmediate(callback, new Error('refused'))
    await visit({ cookie, path: '/logout' })
    assert.equal((await visit({ cookie })).body, 'ada')
  })

  it('is not brought back by a late save that the store never answers', async () => {
    const { store, visit, cookie, errors } = await slow({}, logoutOrWrite)
    const stored = store.sessions.id1
    store.hold('set')
    await visit({ cookie, path: '/write' })
    await until(() => errors.length === 1)
    store.release('set')
    await visit({ cookie, path: '/logout' })

    store.sessions.id1 = stored
    assert.equal((await visit({ cookie })).body, 'nobody')
    assert.equal(store.sessions.id1, undefined)
  })

  it('is destroyed again until that succeeds, when a save of it comes late', async () => {
    const { store, visit, cookie, errors } = await slow({}, logoutOrWrite)
    const saves = store.hold('set')
    await visit({ cookie, path: '/write' })
    await until(() => errors.length === 1)
    store.release('set')
    await visit({ cookie, path: '/logout' })

    const { destroy } = store
    let refused = 0
    store.destroy = (sid, callback) => {
      refused += 1
      setImmediate(callback, new Error('refused'))
    }
    saves.open()
    await until(() => refused === 1)
    assert.ok(store.sessions.id1)
    store.destroy = destroy
    assert.equal((await visit({ cookie })).body, 'nobody')
    assert.equal(store.sessions.id1, undefined)
  })

  it('lives on though it is met meanwhile, where the store refuses in time', async () => {
    const { store, visit, cookie } = await slow({ storeTimeout: 5000 }, (req, res, next) => {
      if (req.url === '/logout') return req.session.destroy(next)
      user(req, res)
    })
    const held = gate()
    const { destroy } = store
    store.destroy = (sid, callback) => {
      store.destroy = destroy
      held.pass(() => setImmediate(callback, new Error('refused')))
    }
    const leaving = visit({ cookie, path: '/logout' })
    await until(() => held.waiting === 1)
    await visit({ cookie })
    held.open()
    await leaving
    assert.equal((await visit({ cookie })).body, 'ada')
  })

  it('is another matter than one that ended in time, and that another process has stored anew', async () => {
    const { store, visit, cookie } = await slow({}, (req, res, next) => {
      if (req.url === '/logout') return req.session.destroy((error) => (error ? next(error) : res.end()))
      user(req, res)
    })
    const stored = store.sessions.id1
    await visit({ cookie, path: '/logout' })
    assert.equal(store.sessions.id1, undefined)
    store.sessions.id1 = stored
    for (let i = 0; i < 2; i++) assert.equal((await visit({ cookie })).body, 'ada')
    assert.equal(store.sessions.id1, stored)
  })

  it("is not asked for twice by unset: 'destroy'", async () => {
    const { store, visit, cookie } = await slow({ unset: 'destroy' }, (req, res) => {
      req.session.destroy(() => res.end())
    })
    store.hold('destroy')
    await visit({ cookie })
    assert.deepEqual(store.takeCalls(), ['get id1', 'destroy id1'])
  })
})
