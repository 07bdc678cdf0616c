'use strict'

// An app that puts a copy of its session in the session's place finds it stored, or hears an error; nothing is lost silently.

const assert = require('node:assert/strict')
const cloneDeep = require('lodash/cloneDeep')
const { JsonStore, closeAll, serve, session, until } = require('../support/harness')

const stores = {
  'a MemoryStore': () => new session.MemoryStore(),
  'another store': () => new JsonStore()
}

const stored = (store, id = 'id1') => JSON.parse(store.sessions[id] ?? 'null')

/** What only looks like the session of a request. */
const lookAlikes = {
  'a deep clone by lodash': (req) => cloneDeep(req.session),
  'a spread copy': (req) => ({ ...req.session }),
  'a copy by Object.assign': (req) => Object.assign({}, req.session),
  'a copy by structuredClone': (req) => structuredClone({ ...req.session }),
  'a copy by JSON': (req) => JSON.parse(JSON.stringify(req.session)),
  'a copy with the methods of a session': (req) =>
    Object.assign(Object.create(session.Session.prototype), req.session),
  'a copy with the prototype of the session': (req) =>
    Object.assign(Object.create(Object.getPrototypeOf(req.session)), req.session),
  'an object that inherits from the session': (req) => Object.create(req.session),
  'a copy with the request': (req) => Object.defineProperty({ ...req.session }, 'req', { value: req })
}

/** What is a session, and stands in the place of the one that the request got. */
const sessions = {
  'a Proxy around it': (req) => new Proxy(req.session, {}),
  'a Proxy that watches it': (req) =>
    new Proxy(req.session, {
      get: (target, name) => Reflect.get(target, name),
      set: (target, name, value) => Reflect.set(target, name, value)
    }),
  'a new Session with its data': (req) => new session.Session(req, { ...req.session }),
  'a session that the store makes of its JSON': (req) =>
    req.sessionStore.createSession(req, JSON.parse(JSON.stringify(req.session)))
}

const saving = (session) =>
  new Promise((resolve, reject) => session.save((error) => (error ? reject(error) : resolve())))

/** Logs a visitor in; every other visit puts something in the place of the session, and changes it or not. */
async function afterLogin(store, replacement, options) {
  const served = await serve({ store, ...options }, async (req, res, next) => {
    try {
      if (req.path === '/login') {
        req.session.user = { name: 'ada' }
      } else if (req.path !== '/look') {
        req.session = replacement(req)
        if (req.path !== '/read') req.session.step = 2
        if (req.path === '/deep') req.session.user.name = 'grace'
        if (req.path === '/save') await saving(req.session)
      }
      res.send(`${req.session.user?.name} ${req.session.step}`)
    } catch (error) {
      next(error)
    }
  })
  const { cookie } = await served.visit({ path: '/login' })
  return { ...served, cookie }
}

for (const [kind, makeStore] of Object.entries(stores)) {
  describe(`in the place of the session, with ${kind}`, () => {
    afterEach(closeAll)

    for (const [name, replacement] of Object.entries(lookAlikes)) {
      for (const path of ['/change', '/deep', '/save']) {
        it(`${name}: stored under its id, or an error of the request, at ${path}`, async () => {
          const store = makeStore()
          const { visit, errors, cookie } = await afterLogin(store, replacement)
          assert.equal((await visit({ path, cookie })).end, 'complete')
          await until(() => errors.length > 0, 25).catch(() => {})

          const heard = errors.length > 0
          assert.deepEqual(Object.keys(store.sessions), ['id1'])
          if (!heard) assert.equal(stored(store).step, 2)
          // Either way what was there before is there still, and the visitor is logged in.
          const look = await visit({ path: '/look', cookie })
          const expected = heard
            ? ['ada undefined', 'ada 2', 'grace 2']
            : [path === '/deep' ? 'grace 2' : 'ada 2']
          assert.ok(expected.includes(look.body), look.body)
        })
      }

      it(`${name}: only read, the visitor stays logged in`, async () => {
        const store = makeStore()
        const { visit, cookie } = await afterLogin(store, replacement)
        assert.equal((await visit({ path: '/read', cookie })).end, 'complete')
        assert.deepEqual(Object.keys(store.sessions), ['id1'])
        assert.equal((await visit({ path: '/look', cookie })).body, 'ada undefined')
      })

      it(`${name}: of a new visitor, stored under its id, or an error of the request`, async () => {
        const store = makeStore()
        const { visit, errors } = await afterLogin(store, replacement)
        const response = await visit({ path: '/change' })
        assert.equal(response.end, 'complete')
        await until(() => errors.length > 0, 25).catch(() => {})
        if (errors.length > 0) return

        assert.equal(stored(store, 'id2').step, 2)
        assert.equal((await visit({ path: '/look', cookie: response.cookie })).body, 'undefined 2')
      })
    }

    for (const [name, replacement] of Object.entries(sessions)) {
      for (const path of ['/change', '/save']) {
        it(`${name}: is stored, at ${path}`, async () => {
          const store = makeStore()
          const { visit, errors, cookie } = await afterLogin(store, replacement)
          assert.equal((await visit({ path, cookie })).body, 'ada 2')
          assert.deepEqual(Object.keys(store.sessions), ['id1'])
          assert.equal((await visit({ path: '/look', cookie })).body, 'ada 2')
          assert.deepEqual(errors, [])
        })
      }

      it(`${name}: of a new visitor, is stored`, async () => {
        const store = makeStore()
        const { visit } = await afterLogin(store, replacement)
        const { cookie } = await visit({ path: '/change' })
        assert.equal((await visit({ path: '/look', cookie })).body, 'undefined 2')
      })
    }
  })
}

describe('a method of what only looks like a session', () => {
  afterEach(closeAll)

  const withMethods = [
    'a deep clone by lodash',
    'a copy with the methods of a session',
    'a copy with the prototype of the session',
    'an object that inherits from the session'
  ]

  for (const name of withMethods) {
    for (const method of ['save', 'reload', 'destroy', 'regenerate']) {
      for (const way of ['a callback', 'a promise']) {
        it(`answers or throws, and the response comes: ${method}() of ${name}, by ${way}`, async () => {
          const { visit } = await serve({ store: new JsonStore() }, async (req, res) => {
            if (req.path === '/login') req.session.user = 'ada'
            if (req.path !== '/call') return res.send('body')

            req.session = lookAlikes[name](req)
            const { session } = req
            const answered = new Promise((resolve) => {
              if (way === 'a callback') session[method](resolve)
              else resolve(session[method]())
            })
            // Who has heard that it failed goes on with what there is.
            await answered.catch(() => {})
            res.send('body')
          })
          const { cookie } = await visit({ path: '/login' })
          assert.equal((await visit({ path: '/call', cookie })).end, 'complete')
          assert.equal((await visit({ path: '/look', cookie })).end, 'complete')
        })
      }
    }
  }
})
