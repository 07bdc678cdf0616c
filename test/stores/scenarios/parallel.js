'use strict'

const assert = require('node:assert/strict')

const TIMES = Array.from({ length: 50 }, (_, number) => number)

module.exports = {
  '50 requests on one session': async (t) => {
    await t.use({ cookie: { maxAge: 600_000 } })
    const { visitor, id } = await t.visitorWith({ views: 1 })
    const reads = await Promise.all(TIMES.map(() => visitor.get('/look')))
    assert.ok(reads.every(({ status, body }) => status === 200 && body.id === id && body.session.views === 1))

    // Each writes what it has read, and its own key: the last one to write wins, but each is answered and all is valid.
    const writes = await Promise.all(
      TIMES.map((number) => visitor.post('/put', { [`key${number}`]: number }))
    )
    t.see('statuses', [...new Set(writes.map(({ status }) => status))])
    assert.ok(writes.every(({ status, body }) => status === 200 && body.id === id))
    const { session } = (await visitor.get('/look')).body
    assert.equal(session.views, 1)
    assert.ok(Object.keys(session).some((key) => key.startsWith('key')))
    await t.calls()
  },

  '50 sessions': async (t) => {
    await t.use({})
    const visitors = await Promise.all(TIMES.map((number) => t.visitorWith({ number })))
    assert.equal(new Set(visitors.map(({ id }) => id)).size, 50)
    await Promise.all(visitors.map(({ visitor }, number) => visitor.post('/put', { double: 2 * number })))
    const last = await Promise.all(visitors.map(({ visitor }) => visitor.get('/look')))
    t.see('statuses', [...new Set(last.map(({ status }) => status))])
    last.forEach(({ body }, number) => {
      assert.equal(body.id, visitors[number].id)
      assert.equal(body.session.number, number)
      assert.equal(body.session.double, 2 * number)
    })
    await t.calls()
  }
}
