'use strict'

const assert = require('node:assert/strict')

module.exports = {
  'persist across requests': async (t) => {
    await t.use({})
    const { visitor, id } = await t.visitorWith({ views: 1, user: { name: 'Ada' } })
    for (let request = 0; request < 3; request++) {
      const response = await visitor.get('/look')
      t.see('response', response)
      assert.equal(response.body.id, id)
      assert.deepEqual(response.body.session.user, { name: 'Ada' })
    }
  },

  change: async (t) => {
    await t.use({})
    const { visitor, id } = await t.visitorWith({ views: 1, gone: true })
    t.see('changed', await visitor.post('/put', { views: 2 }))
    t.see('removed', await visitor.post('/remove', { keys: ['gone'] }))
    const calls = await t.calls()
    t.see('calls', calls)
    assert.deepEqual(calls, [
      ['get', id],
      ['set', id],
      ['get', id],
      ['set', id]
    ])
    const { session } = (await visitor.get('/look')).body
    assert.equal(session.views, 2)
    assert.equal('gone' in session, false)
  },

  'nested change': async (t) => {
    await t.use({})
    const { visitor } = await t.visitorWith({ cart: { items: [{ product: 'cup', quantity: 1 }] } })
    t.see('changed', await visitor.post('/nested'))
    const calls = await t.calls()
    t.see('calls', calls)
    assert.deepEqual(methodsOf(calls), ['get', 'set'])
    const { items } = (await visitor.get('/look')).body.session.cart
    assert.deepEqual(items, [
      { product: 'cup', quantity: 2 },
      { product: 'tea', quantity: 1 }
    ])
  },

  unchanged: async (t) => {
    await t.use({ cookie: { maxAge: 600_000 } })
    const { visitor } = await t.visitorWith({ views: 1 })
    const response = await visitor.get('/look')
    t.see('response', response)
    const calls = await t.calls()
    t.see('calls', calls)
    assert.deepEqual(methodsOf(calls), t.has('touch') ? ['get', 'touch'] : ['get'])
    assert.deepEqual(response.setCookie, [])
    // What is set to the value that it has is not changed either.
    await visitor.post('/put', { views: 1 })
    assert.equal(methodsOf(await t.calls()).includes('set'), false)
  },

  'resave: true': async (t) => {
    await t.use({ resave: true })
    const { visitor } = await t.visitorWith({ views: 1 })
    t.see('response', await visitor.get('/look'))
    const calls = await t.calls()
    t.see('calls', calls)
    assert.deepEqual(methodsOf(calls), ['get', 'set'])
  },

  'rolling: true': async (t) => {
    await t.use({ rolling: true, cookie: { maxAge: 600_000 } })
    const { visitor } = await t.visitorWith({ views: 1 })
    const response = await visitor.get('/look')
    t.see('response', response)
    t.see('calls', await t.calls())
    assert.equal(response.setCookie.length, 1)
  },

  'data types': async (t) => {
    await t.use({})
    const data = {
      text: 'naïve café ☕ 日本語 🎉 \\ " \' ` ; -- \n\t',
      empty: '',
      long: 'long '.repeat(4000),
      looksLikeADate: '2020-02-29T00:00:00.000Z',
      zero: 0,
      big: Number.MAX_SAFE_INTEGER,
      fraction: 0.1,
      negative: -1.5e-7,
      yes: true,
      no: false,
      nothing: null,
      list: [1, 'two', [3], { four: 4 }, null],
      emptyList: [],
      emptyObject: {},
      deep: { a: { b: { c: { d: [{ e: 'f' }] } } } }
    }
    const { visitor } = await t.visitorWith(data)
    const stored = (await visitor.get('/look')).body.session
    t.see('JSON', stored)
    assert.deepEqual(partOf(stored, data), data)

    // What JSON cannot carry becomes what each store makes of it.
    t.see('other values', await visitor.post('/types'))
    t.see('stored', await visitor.get('/look'))
  },

  'keys with dots': async (t) => {
    await t.use({})
    const data = { 'a.b': 1, ünï: { 'c.d.e': [{ 'f.g': 2 }] }, '': 'empty', 'with space': 3, 5: 'five' }
    const { visitor } = await t.visitorWith(data)
    const response = await visitor.get('/look')
    t.see('response', response)
    assert.deepEqual(partOf(response.body.session, data), data)
  }
}

/** What a session holds of some data; session-file-store adds a key of its own. */
function partOf(session, data) {
  return Object.fromEntries(Object.keys(data).map((key) => [key, session[key]]))
}

function methodsOf(calls) {
  return calls.map(([method]) => method)
}
