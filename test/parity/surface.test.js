'use strict'

// What an app can see without a request: names, errors, notices, and what the old constructors make.

const assert = require('node:assert/strict')
const { createSecretKey } = require('node:crypto')
const { EventEmitter } = require('node:events')
const util = require('node:util')
const { sign } = require('cookie-signature')
const theirs = require('upstream-session')
const ours = require('express-session')

/** What ours has beyond that; it shows in no loop. */
const ADDED = { factory: ['hashSessionId', 'headerTransport', 'infoOf', 'migrate'], MemoryStore: ['update'] }

/** What ours has by its own name where 1.19.0 has a function without one: it shows in stack traces. */
const NAMED = {
  'Store.prototype': ['regenerate', 'load', 'createSession'],
  'a MemoryStore in use': ['generate']
}

function without(names = [], members) {
  return Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name)))
}

/** Does the same with both packages, at the same moment, and compares what came of it. */
function same(something) {
  const { now } = Date
  const moment = now()
  Date.now = () => moment
  try {
    assert.deepEqual(outcomeOf(something, ours), outcomeOf(something, theirs))
  } finally {
    Date.now = now
  }
}

/** What something gives or throws, and the deprecation notices meanwhile. */
function outcomeOf(something, session) {
  const notices = []
  const listener = ({ message, namespace }) => notices.push(`${namespace}: ${message}`)
  process.on('deprecation', listener)
  try {
    return { result: something(session), notices }
  } catch (error) {
    // JavaScriptCore quotes the expression that failed, and ours is another.
    return { error: [error.name, error.message.replace(/\(evaluating .*\)/, '')], notices }
  } finally {
    process.removeListener('deprecation', listener)
  }
}

describe('the surface of express-session 1.19.0', () => {
  it('has the same enumerable names', () => {
    same((session) => Object.keys(session))
    same((session) =>
      Object.values(without(ADDED.factory, Object.getOwnPropertyDescriptors(session))).map(
        (d) => 'value' in d && d.enumerable
      )
    )
    same((session) => [typeof session, session.name, session.length, session.session])
  })

  for (const name of ['Store', 'Cookie', 'Session', 'MemoryStore']) {
    it(`has a ${name} with the same members`, () => {
      same((session) =>
        withoutNames(NAMED[`${name}.prototype`], without(ADDED[name], descriptorsOf(session[name].prototype)))
      )
      same((session) => descriptorsOf(session[name]))
      same((session) => [session[name].name, session[name].length])
      same((session) => inherited(session[name].prototype))
    })
  }

  const instances = {
    'a Cookie': (session) => new session.Cookie(),
    'a Cookie with an expiry': (session) => new session.Cookie({ maxAge: 60000, sameSite: 'lax' }),
    'a Session': (session) => new session.Session({ sessionID: 'id' }, { user: 'ada' }),
    'a Store': (session) => new (class MyStore extends session.Store {})(),
    'a MemoryStore': (session) => new session.MemoryStore(),
    'a MemoryStore in use'(session) {
      const store = new session.MemoryStore()
      session({ secret: 'x', resave: false, saveUninitialized: false, store })
      return store
    },
    'a stored session'(session) {
      const req = { sessionID: 'id' }
      new session.MemoryStore().createSession(req, {
        cookie: { originalMaxAge: 1000, expires: 0 },
        user: 'ada'
      })
      return req.session
    },
    "a stored session's cookie": (session) =>
      new session.MemoryStore().createSession({}, { cookie: { originalMaxAge: 1000, expires: 0 } }).cookie
  }

  for (const [name, make] of Object.entries(instances)) {
    it(`makes ${name} with the same members`, () => {
      same((session) => withoutNames(NAMED[name], descriptorsOf(make(session))))
      same((session) => namesIn(make(session)).sort())
    })
  }

  it(`has names for methods that have none in 1.19.0: ${Object.values(NAMED).flat().join(', ')}`, () => {
    const makes = { ...instances, 'Store.prototype': (session) => session.Store.prototype }
    for (const [what, methods] of Object.entries(NAMED)) {
      const namesOf = (session) => methods.map((method) => makes[what](session)[method].name)
      assert.deepEqual(namesOf(ours), methods)
      assert.deepEqual(
        namesOf(theirs),
        methods.map(() => '')
      )
    }
  })

  // Who makes a Cookie of such a copy assigns in this order.
  it('is found by `for in` in the same order in a Cookie', () => {
    for (const name of Object.keys(instances).filter((name) => /cookie/i.test(name))) {
      same((session) => namesIn(instances[name](session)))
      same((session) => {
        const cookie = instances[name](session)
        const copy = Object.fromEntries(namesIn(cookie).map((key) => [key, cookie[key]]))
        return descriptorsOf(new session.Cookie(copy))
      })
    }
  })

  it('gives a request the same members', () => {
    same((session) => {
      const middleware = session({ secret: 'x', resave: false, saveUninitialized: false })
      const req = { url: '/', headers: {} }
      middleware(req, { end() {}, on() {}, once() {}, getHeader() {}, writeHead() {} }, () => {})
      const { session: one, sessionID, sessionStore } = descriptorsOf(req)
      return [one, sessionID, sessionStore, descriptorsOf(req.session.cookie), Object.keys(req.session)]
    })
  })

  it("gives a request's session the same members of its own, new, loaded and loaded again", async () => {
    const seenOf = async (session) => {
      const store = new session.MemoryStore()
      const middleware = session({ secret: 'x', resave: false, saveUninitialized: true, store })
      const serve = (headers) =>
        new Promise((resolve) => {
          const req = { url: '/', headers }
          const res = Object.assign(new EventEmitter(), { end() {}, getHeader() {}, setHeader() {} })
          res._implicitHeader = res.writeHead = () => {}
          middleware(req, res, () => resolve({ req, res }))
        })
      const all = (object) =>
        Reflect.ownKeys(object).map((key) => [key, descriptorsOf(object)[key], typeof object[key]])
      const first = await serve({})
      first.req.session.user = 'ada'
      const seen = [all(first.req.session)]
      await new Promise((resolve) => first.req.session.save(resolve))
      const cookie = `connect.sid=s:${sign(first.req.sessionID, 'x')}`
      const { req } = await serve({ cookie })
      seen.push(req.session.user, all(req.session))
      await new Promise((resolve) => req.session.reload(resolve))
      seen.push(req.session.user, all(req.session))
      req.session.save = req.session.reload = () => {}
      seen.push(all(req.session), Object.keys({ ...req.session }))
      return seen
    }
    assert.deepEqual(await seenOf(ours), await seenOf(theirs))
  })

  const optionSets = {
    'no options': undefined,
    'no secret': {},
    'a null secret': { secret: null },
    'an empty secret': { secret: '' },
    'an empty list of secrets': { secret: [] },
    'a numeric secret': { secret: 42 },
    'a Buffer as the secret': { secret: Buffer.from('secret') },
    'a KeyObject as the secret': { secret: createSecretKey(Buffer.from('secret')) },
    'a list of secrets': { secret: ['a', Buffer.from('b')] },
    'a genid that is no function': { secret: 'x', genid: 'id' },
    'a false genid': { secret: 'x', genid: false },
    'an unknown unset': { secret: 'x', unset: 'explode' },
    'an empty unset': { secret: 'x', unset: '' },
    'no resave': { secret: 'x', saveUninitialized: true },
    'no saveUninitialized': { secret: 'x', resave: true },
    'an undefined resave': { secret: 'x', resave: undefined, saveUninitialized: false },
    'truthy flags': { secret: 'x', resave: 1, saveUninitialized: 'yes', rolling: 1 },
    'the old name of the name': { secret: 'x', key: 'old' },
    'a false cookie': { secret: 'x', cookie: false },
    'null as the store': { secret: 'x', store: null }
  }

  for (const [name, options] of Object.entries(optionSets)) {
    it(`says the same of ${name}`, () => {
      same((session) => {
        const middleware = session(options && { resave: false, saveUninitialized: false, ...options })
        return [typeof middleware, middleware.name, middleware.length]
      })
      same((session) => typeof session(options))
    })
  }

  const cookieOptions = {
    none: undefined,
    'an empty object': {},
    'every attribute': {
      path: '/app',
      maxAge: 60000,
      httpOnly: false,
      domain: 'example.com',
      secure: true,
      sameSite: 'strict',
      priority: 'high',
      partitioned: true
    },
    'a path': { path: '/app' },
    'no httpOnly': { httpOnly: null },
    'a null maxAge': { maxAge: null },
    'an originalMaxAge': { originalMaxAge: 1000, maxAge: 2000 },
    'what it does not know': { colour: 'red', encode: String },
    'a number': 5,
    'a string': 'cookie'
  }

  for (const [name, options] of Object.entries(cookieOptions)) {
    it(`makes the same Cookie of ${name}`, () => {
      const withoutMoment = (cookie) => ({ ...cookie, _expires: cookie._expires && 'a moment' })
      same((session) => withoutMoment(new session.Cookie(options)))
      same((session) => Object.keys(new session.Cookie(options)))
      same((session) => Object.keys(new session.Cookie(options).toJSON()))
      same((session) => withTime(JSON.stringify(new session.Cookie(options))))
      same((session) => withTime(util.inspect({ ...new session.Cookie(options).data })))
    })
  }

  it('serialises a Cookie the same', () => {
    for (const attributes of [
      { expires: new Date(86400000) },
      { expires: new Date(86400000), secure: true, sameSite: true },
      { expires: new Date(86400000), sameSite: 'none', priority: 'low', partitioned: true },
      { domain: 'example.com', httpOnly: false },
      { expires: false },
      { expires: new Date(NaN) },
      { sameSite: 'sideways' },
      { priority: 'urgent' },
      { domain: 'a;b' }
    ]) {
      same((session) => new session.Cookie(attributes).serialize('sid', 'va lue;'))
    }
  })

  it('takes values of a Cookie the same', () => {
    for (const change of [
      (cookie) => (cookie.expires = new Date(0)),
      (cookie) => (cookie.expires = null),
      (cookie) => (cookie.expires = '2040-01-01'),
      (cookie) => (cookie.maxAge = 'soon'),
      (cookie) => (cookie.maxAge = {}),
      (cookie) => (cookie.maxAge = true),
      (cookie) => (cookie.maxAge = undefined),
      (cookie) => (cookie.maxAge = new Date(0)),
      (cookie) => (cookie.originalMaxAge = 5)
    ]) {
      same((session) => {
        const cookie = new session.Cookie()
        change(cookie)
        return [cookie.originalMaxAge, withTime(JSON.stringify(cookie)), cookie.hasLongExpires]
      })
    }
  })

  const constructors = {
    'util.inherits and Store.call': (session) => {
      function MyStore(options) {
        session.Store.call(this, options)
      }
      util.inherits(MyStore, session.Store)
      return new MyStore({})
    },
    __proto__: (session) => {
      function MyStore() {}
      MyStore.prototype.__proto__ = session.Store.prototype
      return new MyStore()
    },
    'Object.create': (session) => {
      function MyStore() {}
      MyStore.prototype = Object.create(session.Store.prototype)
      return new MyStore()
    },
    'a compiled ES5 class': (session) => {
      function MyStore() {
        return session.Store.apply(this, arguments) || this
      }
      Object.setPrototypeOf(MyStore, session.Store)
      MyStore.prototype = Object.create(session.Store.prototype, { constructor: { value: MyStore } })
      return new MyStore()
    },
    class: (session) => new (class MyStore extends session.Store {})(),
    'MemoryStore.call': (session) => {
      function MyStore() {
        session.MemoryStore.call(this)
      }
      util.inherits(MyStore, session.MemoryStore)
      return new MyStore()
    },
    'Store without new': (session) => session.Store.call(Object.create(session.Store.prototype))
  }

  for (const [name, make] of Object.entries(constructors)) {
    it(`makes a Store by ${name}`, () => {
      const sessionOf = (session) => {
        const store = make(session)
        if (!store) return store
        const req = {}
        store.createSession(req, { cookie: { originalMaxAge: 1000, expires: 0 }, user: 'ada' })
        return [
          store instanceof session.Store,
          Object.keys(store),
          Object.keys(req),
          Object.keys(req.session),
          req.session.user,
          req.session instanceof session.Session,
          typeof store.touch
        ]
      }
      same(sessionOf)
    })
  }

  it('makes Session and Cookie on a prepared `this`', () => {
    same((session) => {
      const made = Object.create(session.Session.prototype)
      const result = session.Session.call(made, { sessionID: 'id' }, { user: 'ada' })
      return [result, made.id, Object.keys(made), made.user]
    })
    same((session) => {
      const made = Object.create(session.Cookie.prototype)
      session.Cookie.call(made, { path: '/x' })
      return [Object.keys(made), made.path]
    })
  })

  it('reads the same dates out of stored sessions, and refuses the same', () => {
    for (const cookie of [
      { expires: '2040-01-01T00:00:00.000Z', originalMaxAge: 1000 },
      { expires: new Date(0), originalMaxAge: null },
      { expires: 86400000 },
      { expires: null },
      { expires: false, originalMaxAge: 5 },
      {},
      null,
      undefined,
      7
    ]) {
      same((session) => {
        const req = {}
        new session.Store().createSession(req, { cookie, user: 'ada' })
        const made = req.session.cookie
        return [made.originalMaxAge, made._expires?.constructor.name, Object.keys(made), req.session.user]
      })
    }
  })
})

/** Leaves the names of some functions out of what `descriptorsOf` gives. */
function withoutNames(names = [], members) {
  const entries = Object.entries(members).map(([key, member]) => [
    key,
    names.includes(key) ? { ...member, value: { ...member.value, name: undefined } } : member
  ])
  return Object.fromEntries(entries)
}

/** The type of a value; of a function its name and how many parameters it says it has, too. */
function kindOf(value) {
  return typeof value === 'function'
    ? { type: 'function', name: value.name, length: value.length }
    : { type: typeof value }
}

/**
 * All properties of an object, with what `for in`, an assignment and a redefinition make of them. (Libraries copy cookies
 * by `for in`, look for accessors on prototypes, and replace methods.)
 */
function descriptorsOf(object) {
  const entries = Object.entries(Object.getOwnPropertyDescriptors(object)).map(
    ([name, { configurable, enumerable, writable, value, get, set }]) => {
      const what = get || set ? { get: kindOf(get), set: kindOf(set) } : { writable, value: kindOf(value) }
      return [name, { ...what, enumerable, configurable }]
    }
  )
  return Object.fromEntries(entries)
}

/** What `for in` finds: inherited names, too. */
function namesIn(object) {
  const names = []
  for (const name in object) names.push(name)
  return names
}

/** What a prototype inherits from. */
function inherited(prototype) {
  const parent = Object.getPrototypeOf(prototype)
  return parent === Object.prototype ? 'Object' : parent.constructor.name
}

function withTime(text) {
  return text?.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME').replace(/maxAge: \d+/, 'maxAge: MS')
}
