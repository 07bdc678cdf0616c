'use strict'

// Whatever a store hands out as a session, the visitor gets a whole response: the app's, or its error page.

const assert = require('node:assert/strict')
const { readOfUndefined } = require('../support/engine')
const { JsonStore, closeAll, serve } = require('../support/harness')

const good = JsonStore.prototype

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
    assert.match(body, readOfUndefined('expires'))
  })
})
