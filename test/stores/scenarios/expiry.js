'use strict'

const assert = require('node:assert/strict')
const { setTimeout: sleep } = require('node:timers/promises')

/** Stores count in whole seconds, some up and some down; the longest wait that is not given up yet. */
const LONGEST = 6000

module.exports = {
  'expiry after 2 s': async (t) => {
    await t.use({ cookie: { maxAge: 2000 } })
    const { visitor, id } = await t.visitorWith({ views: 1 })
    assert.equal((await t.stored(id))?.views, 1)

    const giveUp = Date.now() + LONGEST
    let stored
    do {
      await sleep(200)
      stored = await t.stored(id)
    } while (stored && Date.now() < giveUp)
    t.see('in the store', stored ? 'stays' : 'goes')
    await t.calls()

    const response = await visitor.post('/put', { fresh: true })
    t.see('response', response)
    assert.notEqual(response.body.id, id, 'the store does not let it expire')
    assert.equal('views' in response.body.session, false)
  },

  'touch keeps it from expiring': async (t) => {
    // A store that counts in whole seconds may cut one off, and its server's clock another.
    await t.use({ cookie: { maxAge: 4000 } })
    const { visitor, id } = await t.visitorWith({ views: 1 })
    for (let request = 0; request < 5; request++) {
      await sleep(1000)
      const { body } = await visitor.get('/look')
      const same = body.id === id
      t.see('the session', same ? 'is there' : 'has gone')
      // A store without touch forgets a session that is only read.
      if (t.has('touch')) assert.ok(same, 'the session has expired while it was in use')
    }
  },

  'forms of expires': async (t) => {
    await t.use({})
    const far = '2037-01-01T00:00:00.000Z'
    const forms = { Date: { $date: far }, string: far, number: Date.parse(far), null: null }
    for (const [form, expires] of Object.entries(forms)) {
      const id = `planted-${form.padEnd(24, '-')}`
      const cookie = { originalMaxAge: null, expires, httpOnly: true, path: '/' }
      let planted = 'stored'
      try {
        await t.store('set', id, { cookie, form })
      } catch (error) {
        planted = error.message
      }
      t.see(`${form}: set`, planted)
      await t.calls()
      const response = await t.visitor(t.cookieFor(id)).get('/look')
      t.see(`${form}: session`, response)
      assert.equal(response.status, 200)
      if (planted === 'stored') assert.equal(response.body.session.form, form)
    }
  },

  'the app sets expires': async (t) => {
    await t.use({})
    const { visitor } = await t.visitorWith({ views: 1 })
    t.see('a date', await visitor.post('/cookie', { expires: '2037-01-01T00:00:00.000Z' }))
    t.see('then', await visitor.get('/look'))
    const short = await t.visitorWith({ views: 1 })
    await t.calls()
    t.see('maxAge', await short.visitor.post('/cookie', { maxAge: 600_000 }))
    const { body } = await short.visitor.get('/look')
    t.see('then', body)
    assert.equal(body.session.views, 1)
  }
}
