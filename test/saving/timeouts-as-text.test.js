'use strict'

// A store that gives the idle timeout back as text keeps no change from being stored, and nobody logged out.

const assert = require('node:assert/strict')
const { closeAll, serve } = require('../support/harness')
const { stopClock } = require('../support/clock')
const { ExpiringStore } = require('../support/stores')

const MINUTE = 60 * 1000

/** A store with columns of text, as those on SQL often have: the idle timeout comes back as text. */
class TextStore extends ExpiringStore {
  get(sid, callback) {
    super.get(sid, (error, data) => {
      if (data) data.cookie.originalMaxAge = String(data.cookie.originalMaxAge)
      callback(error, data)
    })
  }
}

describe('an idle timeout that comes back as text', () => {
  let clock
  beforeEach(() => (clock = stopClock()))
  afterEach(() => {
    clock.restore()
    return closeAll()
  })

  const visits = {
    'is changed': (req, done) => {
      req.session.views += 1
      done()
    },
    'is changed and saved': (req, done) => {
      req.session.views += 1
      req.session.save(done)
    },
    'is reloaded, changed and saved': (req, done) => {
      req.session.reload(() => {
        req.session.views += 1
        req.session.save(done)
      })
    }
  }

  for (const [what, handler] of Object.entries(visits)) {
    for (const options of [{}, { rolling: true }, { resave: true }]) {
      const under = Object.keys(options)[0] ?? 'the usual options'

      it(`a session ${what}: the change is stored, under ${under}`, async () => {
        const store = new TextStore()
        const { visit } = await serve({ store, cookie: { maxAge: MINUTE }, ...options }, (req, res) => {
          if (req.path === '/login') {
            req.session.views = 0
            res.end()
          } else {
            handler(req, () => res.send(String(req.session.views)))
          }
        })
        const { cookie } = await visit({ path: '/login' })
        for (let views = 1; views < 5; views++) {
          clock.tick(30 * 1000)
          const { end, body } = await visit({ cookie })
          assert.deepEqual([end, body], ['complete', String(views)])
          assert.equal(store.stored('id1').views, views)
        }
      })
    }
  }

  it('a session only read: the response is whole, and the session stays', async () => {
    const store = new TextStore()
    const { visit } = await serve({ store, cookie: { maxAge: MINUTE } }, (req, res) => {
      if (req.path === '/login') req.session.user = 'ada'
      res.send(String(req.session.user))
    })
    const { cookie } = await visit({ path: '/login' })
    for (let i = 0; i < 3; i++) {
      const { end, body } = await visit({ cookie })
      assert.deepEqual([end, body], ['complete', 'ada'])
    }
  })
})
