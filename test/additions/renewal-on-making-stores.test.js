'use strict'

// There are stores that make a session of what they find, by their own `createSession`. That hides what is remembered with a
// session, and so that it is a pointer.

const assert = require('node:assert/strict')
const { closeAll, session } = require('../support/harness')
const { contentOf, grace, making, plainStore, renewing, updatingStore } = require('./support/renewing')

let ids = 0

const cases = [
  {},
  { concurrency: 'merge' },
  { hashSessionIds: true },
  { encryption: Buffer.alloc(32, 1), concurrency: 'merge' },
  { absoluteTimeout: 3_600_000, concurrency: 'merge' },
  { user: ({ user }) => user }
]

for (const [name, makeStore] of Object.entries({
  'get, set and destroy': plainStore,
  update: updatingStore
})) {
  describe(`regenerate({ preserve, grace }) on a store that makes the sessions itself, with ${name}`, () => {
    afterEach(closeAll)

    for (const options of cases) {
      for (const given of [grace, { preserve: true }]) {
        it(`keeps the data, and ${given.grace ? 'leads to them' : 'ends the old id'}, in two processes: ${Object.keys(options)}`, async () => {
          const sessions = {}
          const genid = () => `made-${++ids}`
          const [one, other] = [making(makeStore(sessions)), making(makeStore(sessions))]
          const first = await renewing({ ...options, genid, store: one })
          const second = await renewing({ ...options, genid, store: other })
          const old = await first.logIn()
          const { cookie } = await first.renew(old, given)
          for (const { ask } of [first, second]) {
            assert.deepEqual((await ask('/', cookie)).told.cart, ['tea'])
            assert.equal((await ask('/', old)).told.user, given.grace && 'ada')
          }
          assert.equal(Object.keys(contentOf(one).pointers).length, given.grace ? 1 : 0)
          if (options.user) assert.equal((await second.middleware.sessionsOf('ada')).length, 1)

          if (!given.grace) return
          assert.equal((await second.ask('/save?more', old)).status, 200)
          assert.equal((await first.ask('/', cookie)).told.more, true)
          assert.equal((await second.ask('/logout', old)).status, 200)
          for (const id of [old, cookie]) assert.equal((await first.ask('/', id)).told.user, undefined)
        })
      }
    }

    it('leads store.load, and the reload of what that has given', async () => {
      const store = making(makeStore())
      const { logIn, renew } = await renewing({ store })
      await renew(await logIn(), grace)
      const load = (id) =>
        new Promise((resolve, reject) => {
          store.load(id, (error, loaded) => (error ? reject(error) : resolve(loaded)))
        })
      assert.equal((await load('id1')).user, 'ada')
      const old = store.createSession(
        { sessionID: 'id1', sessionStore: store },
        JSON.parse(store.sessions.id2)
      )
      await assert.rejects(old.reload(), { message: 'failed to load session' })
    })

    it('leads while the sessions move from one store to another', async () => {
      const sessions = {}
      const from = making(makeStore(sessions))
      const before = await renewing({ store: from })
      const old = await before.logIn()
      const { cookie } = await before.renew(old, grace)
      const moving = await renewing({ store: session.migrate(from, making(makeStore())) })
      for (const id of [old, cookie]) assert.equal((await moving.ask('/', id)).told.user, 'ada')
      assert.deepEqual(sessions, {})
    })
  })
}
