'use strict'

const assert = require('node:assert/strict')

module.exports = {
  regenerate: async (t) => {
    await t.use({})
    const { visitor, id } = await t.visitorWith({ cart: 'full' })
    const old = visitor.cookie
    const response = await visitor.post('/regenerate', { user: 'ada' })
    t.see('response', response)
    t.see('calls', await t.calls())
    assert.notEqual(response.body.id, id)
    assert.equal(response.body.session.user, 'ada')
    assert.equal('cart' in response.body.session, false)
    assert.equal((await visitor.get('/look')).body.session.user, 'ada')

    const withOldCookie = await t.visitor(old).get('/look')
    t.see('the old id', withOldCookie)
    assert.equal('cart' in withOldCookie.body.session, false)

    await t.calls()
    const saved = await visitor.post('/regenerate-and-save', { user: 'bob' })
    t.see('with save()', saved)
    t.see('calls with save()', await t.calls())
    assert.equal((await visitor.get('/look')).body.session.user, 'bob')
  },

  destroy: async (t) => {
    await t.use({})
    const { visitor, id } = await t.visitorWith({ views: 1 })
    t.see('response', await visitor.post('/destroy'))
    const calls = await t.calls()
    t.see('calls', calls)
    assert.deepEqual(calls, [
      ['get', id],
      ['destroy', id]
    ])
    assert.equal((await t.stored(id)) ?? undefined, undefined)
  },

  'destroyed ids': async (t) => {
    await t.use({})
    const { visitor, id } = await t.visitorWith({ views: 1 })
    const elsewhere = t.visitor(visitor.cookie)
    await visitor.post('/destroy')
    await t.calls()
    const response = await elsewhere.post('/put', { other: true })
    t.see('response', response)
    t.see('calls', await t.calls())
    assert.notEqual(response.body.id, id)
    assert.equal('views' in response.body.session, false)
  },

  unset: async (t) => {
    for (const unset of ['keep', 'destroy']) {
      for (const path of ['/unset', '/delete']) {
        await t.use({ unset })
        const { visitor, id } = await t.visitorWith({ views: 1 })
        t.see(`${unset} ${path}`, await visitor.post(path))
        const calls = await t.calls()
        t.see('calls', calls)
        const stored = await t.stored(id)
        assert.equal(Boolean(stored), unset === 'keep')
      }
    }
  },

  reload: async (t) => {
    await t.use({})
    const { visitor } = await t.visitorWith({ views: 1 })
    const response = await visitor.post('/change-and-reload', { views: 2, more: true })
    t.see('response', response)
    t.see('calls', await t.calls())
    assert.equal(response.body.session.views, 1)
    assert.equal('more' in response.body.session, false)

    const gone = await visitor.post('/reload-destroyed')
    t.see('of a destroyed session', gone)
    assert.equal(gone.status, 500)
  },

  save: async (t) => {
    await t.use({})
    const { visitor } = await t.visitorWith({ views: 1 })
    const response = await visitor.post('/save', { views: 2 })
    t.see('response', response)
    const calls = await t.calls()
    t.see('calls', calls)
    assert.ok(calls.some(([method]) => method === 'set'))
    assert.equal((await visitor.get('/look')).body.session.views, 2)
  },

  touch: async (t) => {
    await t.use({ cookie: { maxAge: 600_000 } })
    const { visitor, id } = await t.visitorWith({ views: 1 })
    const response = await visitor.post('/touch')
    t.see('response', response)
    t.see('calls', await t.calls())
    assert.equal(response.status, 200)
    // Through touch() alone the session stays what it was.
    if (t.has('touch')) await t.store('touch', id, await t.stored(id))
    t.see('stored', await t.stored(id))
    assert.equal((await visitor.get('/look')).body.session.views, 1)
  }
}
