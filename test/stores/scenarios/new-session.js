'use strict'

const assert = require('node:assert/strict')

module.exports = {
  create: async (t) => {
    await t.use({})
    const visitor = t.visitor()
    t.see('an untouched session', await visitor.get('/look'))
    const untouched = await t.calls()
    t.see('calls for it', untouched)
    assert.deepEqual(untouched, [])

    const created = await visitor.post('/put', { views: 1 })
    t.see('a changed session', created)
    const calls = await t.calls()
    t.see('calls for it', calls)
    assert.equal(created.setCookie.length, 1)
    assert.deepEqual(calls, [['set', created.body.id]])
  },

  'saveUninitialized: true': async (t) => {
    await t.use({ saveUninitialized: true })
    const visitor = t.visitor()
    const first = await visitor.get('/look')
    t.see('first', first)
    t.see('calls', await t.calls())
    assert.equal(first.setCookie.length, 1)

    const second = await visitor.get('/look')
    t.see('second', second)
    assert.equal(second.body.id, first.body.id)
  },

  'unknown ids': async (t) => {
    await t.use({})
    const visitor = t.visitor(t.cookieFor('an-id-of-32-characters-nobody-has'))
    const response = await visitor.post('/put', { views: 1 })
    t.see('response', response)
    t.see('calls', await t.calls())
    assert.equal(response.status, 200)
    assert.notEqual(response.body.id, 'an-id-of-32-characters-nobody-has')
    assert.equal((await visitor.get('/look')).body.session.views, 1)
  }
}
