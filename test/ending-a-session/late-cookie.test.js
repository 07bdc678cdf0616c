'use strict'

// A response that comes late does not send the cookie of a session that has ended: the browser keeps the one of the new
// login.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, gate, serve, until } = require('../support/harness')
const { endings, overtaken } = require('./support/overtaken')

const slowOnes = {
  'is only read': () => {},
  'was changed': (req) => {
    req.session.count = 1
  },
  'got a new idle timeout': (req) => {
    req.session.cookie.maxAge = 90_000
  },
  'got another path for its cookie': (req) => {
    req.session.cookie.path = '/slow'
    req.session.count = 1
  }
}

describe('the late response of a session that has ended', () => {
  afterEach(closeAll)

  for (const by of Object.keys(endings)) {
    for (const [what, act] of Object.entries(slowOnes)) {
      it(`sends no cookie, when another request ${by} a session that ${what}`, async () => {
        for (const rolling of [true, false]) {
          for (const ends of ['at once', 'in pieces']) {
            const slow = async (req, res, others) => {
              await others()
              act(req)
              if (ends === 'in pieces') res.write('slow ')
              res.end('response')
            }
            const { overtake } = await overtaken(slow, { by, rolling, cookie: { maxAge: 60_000 } })
            const { end, setCookie } = await overtake()
            assert.equal(end, 'complete')
            assert.deepEqual(setCookie, [], `rolling: ${rolling}, ends ${ends}`)
          }
        }
      })
    }
  }

  it('sends no cookie although the app has saved the session before it ended', async () => {
    const { overtake } = await overtaken(
      async (req, res, others) => {
        req.session.count = 1
        await new Promise((resolve) => req.session.save(resolve))
        await others()
        res.send('slow')
      },
      { rolling: true, cookie: { maxAge: 60_000 } }
    )
    assert.deepEqual((await overtake()).setCookie, [])
  })

  it('sends no cookie of a new session that another request has ended before the head is out', async () => {
    // The client knows the id from the body, in a hint that goes ahead of the response.
    const store = new JsonStore()
    const others = gate()
    let id
    const { visit } = await serve({ store, genid: () => 'new' }, (req, res, next) => {
      if (req.url === '/new') {
        req.session.user = 'ada'
        return req.session.save((error) => {
          if (error) return next(error)
          id = req.sessionID
          return others.pass(() => res.send('slow'))
        })
      }
      if (req.url === '/cookie') {
        req.session.user = 'bob'
        return res.end()
      }
      return req.session.destroy((error) => (error ? next(error) : res.send('ended')))
    })
    // The same id, signed: the first visitor's cookie.
    const { cookie } = await visit({ path: '/cookie' })
    const slow = visit({ path: '/new' })
    await until(() => others.waiting)
    assert.equal(id, 'new')
    assert.equal((await visit({ path: '/end', cookie })).body, 'ended')
    others.open()
    const { end, setCookie } = await slow
    assert.equal(end, 'complete')
    assert.deepEqual(setCookie, [])
    assert.equal(store.sessions.new, undefined)
  })

  it('leaves a browser logged in that has got a new session meanwhile', async () => {
    const store = new JsonStore()
    const others = gate()
    const options = { store, rolling: true, cookie: { maxAge: 60_000 } }
    const { visit } = await serve(options, (req, res, next) => {
      if (req.url === '/slow') {
        req.session.seen = true
        return others.pass(() => res.send('slow'))
      }
      if (req.url === '/') return res.send(`user ${req.session.user}`)
      return req.session.regenerate((error) => {
        if (error) return next(error)
        req.session.user = req.url.slice(1)
        return res.send('logged in')
      })
    })
    let { cookie: jar } = await visit({ path: '/guest' })
    const slow = visit({ path: '/slow', cookie: jar })
    await until(() => others.waiting)
    jar = (await visit({ path: '/ada', cookie: jar })).cookie || jar
    others.open()
    jar = (await slow).cookie || jar
    assert.equal((await visit({ cookie: jar })).body, 'user ada')
  })
})

describe('the response of a session that has not ended', () => {
  afterEach(closeAll)

  it('sends its cookie when the store failed to end it', async () => {
    for (const by of Object.keys(endings)) {
      const slow = async (req, res, others) => {
        await others()
        res.send('slow')
      }
      const { overtake, store } = await overtaken(slow, { by, rolling: true })
      store.destroy = (sid, callback) => setImmediate(callback, new Error('destroy failed'))
      assert.match((await overtake()).cookie, /id1/)
    }
  })

  it('sends the cookie of the new session that the slow request itself has started', async () => {
    const { overtake, store, visit } = await overtaken(
      async (req, res, others) => {
        await others()
        await new Promise((resolve, reject) =>
          req.session.regenerate((error) => (error ? reject(error) : resolve()))
        )
        req.session.user = 'bob'
        res.send('slow')
      },
      { rolling: true }
    )
    const { cookie, setCookie } = await overtake()
    assert.equal(setCookie.length, 1)
    assert.doesNotMatch(cookie, /id1/)
    assert.equal((await visit({ cookie })).body, 'user bob')
    assert.equal(store.sessions.id1, undefined)
  })
})
