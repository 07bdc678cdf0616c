'use strict'

// Runs one case by its name, in a process of its own: `node apps-that-could-die.js "<name>"`. The process must go on
// serving, and end by itself with 0; living-process.test.js watches.

const assert = require('node:assert/strict')
const { Session } = require('express-session')
const { JsonStore, closeAll, pause, serve } = require('../support/harness')

const failed = () => new Error('store failed')

/** What the app does when asked for /case, with a session that is logged in, and options of the case. */
const cases = {
  'regenerate() gets no callback': {
    handler(req, res) {
      req.session.regenerate()
      res.send('body')
    }
  },
  'destroy() gets no callback, and the store fails': {
    handler(req, res, next, store) {
      store.destroy = (sid, callback) => setImmediate(callback, failed())
      req.session.destroy()
      res.send('body')
    }
  },
  'regenerate() gets no callback, and the store fails': {
    handler(req, res, next, store) {
      store.destroy = (sid, callback) => setImmediate(callback, failed())
      req.session.regenerate()
      res.send('body')
    }
  },
  'reload() gets no callback, and the session is gone': {
    handler(req, res, next, store) {
      store.sessions = {}
      req.session.reload()
      setTimeout(() => res.send('body'), 20)
    }
  },
  'reload() finds garbled data': {
    handler(req, res, next, store) {
      store.get = (sid, callback) => setImmediate(callback, null, { user: 'no cookie' })
      req.session.reload((error) => res.send(error ? 'body' : 'reloaded'))
    }
  },
  'save() is not awaited, and the store rejects': {
    handler(req, res, next, store) {
      store.set = () => Promise.reject(failed())
      req.session.save()
      res.send('body')
    }
  },
  'the stored data are garbled': {
    before: (store) => (store.get = (sid, callback) => setImmediate(callback, null, { cookie: null })),
    handler: (req, res) => res.send('body'),
    body: /^Error page/
  },
  'the stored data are a string': {
    before: (store) => (store.get = (sid, callback) => setImmediate(callback, null, 'garbage')),
    handler: (req, res) => res.send('body'),
    body: /^Error page/
  },
  'the stored expires is an object': {
    before: (store) =>
      (store.get = (sid, callback) =>
        setImmediate(callback, null, { cookie: { expires: {}, originalMaxAge: {} }, user: 'ada' })),
    handler: (req, res) => res.send('body'),
    body: /^(Error page|body)/
  },
  'get throws in its callback’s stead': {
    before: (store) =>
      (store.get = () => {
        throw failed()
      }),
    handler: (req, res) => res.send('body'),
    body: /^Error page/
  },
  'get rejects': {
    before: (store) => (store.get = () => Promise.reject(failed())),
    handler: (req, res) => res.send('body'),
    body: /^Error page/
  },
  'touch rejects': {
    before: (store) => (store.touch = () => Promise.reject(failed())),
    handler: (req, res) => res.send('body')
  },
  'set answers with an error twice': {
    before(store) {
      store.set = (sid, data, callback) => {
        setImmediate(callback, failed())
        setImmediate(callback, failed())
      }
    },
    handler(req, res) {
      req.session.count = 1
      res.send('body')
    }
  },
  'the session holds a BigInt': {
    handler(req, res) {
      req.session.big = 10n
      res.send('body')
    },
    body: /^(Error page|body)/
  },
  'the session holds a BigInt when it is saved': {
    handler(req, res) {
      req.session.big = 10n
      req.session.save(() => res.send('body'))
    },
    body: /^(Error page|body)/
  },
  'data are named touch': {
    handler(req, res) {
      req.session.touch = 'me'
      res.send('body')
    },
    body: /^(Error page|body)/
  },
  'data are named save': {
    handler(req, res) {
      req.session.save = 'me'
      res.send('body')
    },
    body: /^(Error page|body)/
  },
  'what all sessions inherit as save is async, and rejects': {
    handler(req, res) {
      Session.prototype.save = () => Promise.reject(failed())
      req.session.user = 'eve'
      res.send('body')
    },
    body: /^(Error page|body)/
  },
  'what all sessions inherit as touch is async, and rejects': {
    handler(req, res) {
      Session.prototype.touch = () => Promise.reject(failed())
      res.send('body')
    }
  },
  'the own touch of a session is async, and rejects': {
    handler(req, res) {
      Object.defineProperty(req.session, 'touch', { value: () => Promise.reject(failed()) })
      res.send('body')
    }
  },
  'store.createSession is async, and rejects': {
    before(store) {
      const { createSession } = store
      store.createSession = async (...args) => {
        createSession.apply(store, args)
        throw failed()
      }
    },
    handler(req, res) {
      req.session.reload(() => res.send('body'))
    }
  },
  'store.generate is async, and rejects': {
    before(store) {
      const { generate } = store
      store.generate = async (req) => {
        generate.call(store, req)
        throw failed()
      }
    },
    handler(req, res) {
      req.session.regenerate(() => res.send('body'))
    }
  },
  'the session is replaced by text': {
    handler(req, res) {
      req.session = 'text'
      res.send('body')
    },
    body: /^(Error page|body)/
  },
  'genid throws while the session is regenerated': {
    options: {
      genid: (req) => {
        if (req.url === '/case') throw new Error('no ids left')
        return 'id' + Math.random()
      }
    },
    handler: (req, res) => req.session.regenerate(() => res.send('body'))
  },
  'the cookie function throws while the session is regenerated': {
    options: {
      cookie: (req) => {
        if (req.regenerating) throw new Error('no cookie today')
        return {}
      }
    },
    handler(req, res) {
      req.regenerating = true
      req.session.regenerate(() => res.send('body'))
    }
  },
  'genid rejects while the session is regenerated': {
    options: {
      genid: (req) => (req.url === '/case' ? Promise.reject(failed()) : 'id' + Math.random())
    },
    handler: (req, res) => req.session.regenerate(() => res.send('body'))
  },
  'the cookie function rejects': {
    options: { cookie: (req) => (req.url === '/case' ? Promise.reject(failed()) : {}) },
    handler: (req, res) => res.send('body')
  },
  'the app ends the response twice, and writes after that': {
    handler(req, res) {
      res.on('error', () => {})
      req.session.count = 1
      res.send('body')
      res.end('again')
      res.write('more')
    }
  },
  'the store emits an error that somebody listens to': {
    before: (store) => store.on('error', () => {}),
    handler(req, res, next, store) {
      store.emit('error', failed())
      res.send('body')
    }
  },
  'the connection of the store comes and goes': {
    handler(req, res, next, store) {
      for (let i = 0; i < 100; i++) store.emit(i % 2 ? 'connect' : 'disconnect')
      res.send('body')
    }
  }
}

async function run({ options, before, handler, body = /^body$/ }) {
  const store = new JsonStore()
  const { visit } = await serve({ store, ...options }, (req, res, next) => {
    if (req.url === '/case') return handler(req, res, next, store)
    req.session.user = 'ada'
    res.send('hello')
  })
  const { cookie } = await visit()
  const { get, set, touch, destroy } = JsonStore.prototype
  before?.(store)
  const response = await visit({ path: '/case', cookie })
  await pause(50)
  assert.equal(response.end, 'complete')
  assert.match(response.body, body)

  Object.assign(store, { get, set, touch, destroy })
  assert.equal((await visit()).body, 'hello', 'the process serves the next visitor')
  await closeAll()
}

if (require.main === module) {
  run(cases[process.argv[2]]).catch((error) => {
    console.error(error)
    process.exit(1)
  })
}

module.exports = { cases }
