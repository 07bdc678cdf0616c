'use strict'

const assert = require('node:assert/strict')

// Apps call these methods themselves: a list of who is logged in, a button that logs everybody out.

module.exports = {
  all: async (t) => {
    t.needs('all')
    await fresh(t)
    await t.visitorWith({ mark: 'one' })
    await t.visitorWith({ mark: 'two' })
    const all = await t.store('all')
    const marks = new Set(JSON.stringify(all).match(/one|two/g))
    t.see('form', Array.isArray(all) ? 'a list' : typeof all)
    t.see('all', Object.values(all).map(shapeOf).sort())
    assert.ok(marks.has('one') && marks.has('two'))
  },

  length: async (t) => {
    t.needs('length')
    await fresh(t)
    await t.visitorWith({ mark: 'one' })
    await t.visitorWith({ mark: 'two' })
    const length = await t.store('length')
    t.see('length', t.has('clear') ? length : typeof length)
    if (t.has('clear')) assert.equal(length, 2)
  },

  clear: async (t) => {
    t.needs('clear')
    await t.use({})
    const { visitor, id } = await t.visitorWith({ mark: 'one' })
    await t.store('clear')
    const response = await visitor.get('/look')
    t.see('response', response)
    assert.notEqual(response.body.id, id)
  }
}

async function fresh(t) {
  if (t.has('clear')) await t.store('clear')
  await t.use({})
}

/** Which session is whose: the order is the store's affair. */
function shapeOf(session) {
  const { cookie, mark, ...others } = typeof session.sess === 'string' ? JSON.parse(session.sess) : session
  return JSON.stringify([mark, cookie && Object.keys(cookie), Object.keys(others)])
}
