'use strict'

// What the session holds at the end of the response is what is stored, however the app called save() before that.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, loggedIn, until } = require('../support/harness')

const good = JsonStore.prototype

/** Has a store refuse the next `set`, and counts how often it is asked. */
function failFirstSet(store) {
  const attempts = { count: 0 }
  store.set = function (sid, data, callback) {
    if (++attempts.count === 1) setImmediate(callback, new Error('set failed'))
    else good.set.call(this, sid, data, callback)
  }
  return attempts
}

describe('what is saved', () => {
  afterEach(closeAll)

  it('a save in flight is waited for at the end', async () => {
    const { visit, cookie, store } = await loggedIn({}, (req, res) => {
      req.session.count = 1
      req.session.save(() => {})
      res.end()
    })
    let saved
    store.set = function (sid, data, callback) {
      setTimeout(() => {
        good.set.call(this, sid, data, () => {
          saved = true
          callback()
        })
      }, 50)
    }
    await visit({ cookie })
    assert.equal(saved, true)
    assert.deepEqual(store.calls, ['get id1', 'set id1'])
  })

  it('a save that failed does not count: the end saves again', async () => {
    const { visit, cookie, store } = await loggedIn({}, (req, res) => {
      req.session.count = 1
      req.session.save((error) => res.send(error?.message))
    })
    const attempts = failFirstSet(store)
    assert.equal((await visit({ cookie })).body, 'set failed')
    assert.equal(attempts.count, 2)
    assert.equal(JSON.parse(store.sessions.id1).count, 1)
  })

  it('a new session whose save failed is saved at the end, even if nothing is left in it', async () => {
    const { visit, store } = await loggedIn({ saveUninitialized: false }, (req, res) => {
      req.session.count = 1
      req.session.save((error) => {
        delete req.session.count
        res.send(error?.message)
      })
    })
    const attempts = failFirstSet(store)
    const { body, headers } = await visit({})
    assert.equal(body, 'set failed')
    assert.equal(attempts.count, 2)
    assert.match(String(headers['set-cookie']), /^connect\.sid=/)
  })

  it('what changed since a save is saved too', async () => {
    const { visit, cookie, store } = await loggedIn({}, async (req, res) => {
      req.session.count = 1
      await req.session.save()
      req.session.count = 2
      res.end()
    })
    await visit({ cookie })
    assert.deepEqual(store.calls, ['get id1', 'set id1', 'set id1'])
    assert.equal(JSON.parse(store.sessions.id1).count, 2)
  })

  it('what changes while a save is in flight is saved too', async () => {
    const { visit, cookie, store } = await loggedIn({}, (req, res) => {
      req.session.count = 1
      req.session.save(() => {})
      req.session.count = 2
      res.end()
    })
    await visit({ cookie })
    assert.equal(JSON.parse(store.sessions.id1).count, 2)
  })

  it('regenerate + save is one write', async () => {
    const { visit, cookie, store } = await loggedIn({}, (req, res) => {
      req.session.regenerate(() => {
        req.session.user = 'grace'
        req.session.save(() => res.redirect('/'))
      })
    })
    const { setCookie } = await visit({ cookie })
    assert.deepEqual(store.calls, ['get id1', 'destroy id1', 'set id2'])
    assert.equal(setCookie.length, 1)
  })

  it('no touch follows a save', async () => {
    const { visit, cookie, store } = await loggedIn({ cookie: { maxAge: 60000 } }, async (req, res) => {
      await req.session.save()
      res.end()
    })
    await visit({ cookie })
    assert.deepEqual(store.calls, ['get id1', 'set id1'])
  })

  it('a session that nothing changed is serialised at most once', async () => {
    const { visit, cookie } = await loggedIn({}, (req, res) => {
      let times = 0
      Object.defineProperty(req.session.nested, 'toJSON', {
        value() {
          times += 1
          return { count: this.count }
        }
      })
      res.on('finish', () => (serialised = times))
      res.end()
    })
    let serialised
    await visit({ cookie })
    await until(() => serialised !== undefined)
    assert.ok(serialised <= 1, `${serialised} times`)
  })
})
