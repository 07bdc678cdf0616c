'use strict'

// A session is saved when the JSON of its data has changed, and only touched when it has not.

const assert = require('node:assert/strict')
const { closeAll, loggedIn } = require('../support/harness')

/** Has a handler work on a session of which the store gave this, and says what was asked of the store then. */
async function callsAfter(stored, handler) {
  const { visit, cookie, store } = await loggedIn({}, (req, res) => {
    handler(req.session)
    res.end()
  })
  store.get = (sid, callback) => setImmediate(callback, null, stored)
  assert.equal((await visit({ cookie })).status, 200)
  return store.takeCalls()
}

const withCookie = (data) => ({ cookie: { originalMaxAge: null, expires: null }, ...data })

describe('a session', () => {
  afterEach(closeAll)

  const plain = () =>
    withCookie({ user: { name: 'ada', roles: ['author'] }, since: '2026-01-01T00:00:00.000Z' })

  const unchanged = {
    'is only read': () => undefined,
    'gets the same values': (session) => {
      session.user = { name: 'ada', roles: ['author'] }
    },
    'gets a Date with the same JSON': (session) => {
      session.since = new Date(session.since)
    },
    'gets a property that JSON leaves out': (session) => {
      session.nothing = undefined
    },
    'gets another cookie': (session) => {
      session.cookie = new session.cookie.constructor(session.cookie)
    }
  }
  for (const [what, handler] of Object.entries(unchanged)) {
    it(`is touched when it ${what}`, async () => {
      assert.deepEqual(await callsAfter(plain(), handler), ['touch id1'])
    })
  }

  const changes = {
    'a value changes deep inside': (session) => session.user.roles.push('editor'),
    'a property goes': (session) => delete session.user.name,
    'its keys change places': (session) => {
      const { user } = session
      delete session.user
      session.user = user
    },
    'a number takes the place of text': (session) => (session.user.roles[0] = 1),
    'a Date comes to be': (session) => (session.since = new Date())
  }
  for (const [what, handler] of Object.entries(changes)) {
    it(`is saved when ${what}`, async () => {
      assert.deepEqual(await callsAfter(plain(), handler), ['set id1'])
    })
  }

  it('is compared with what the store gave, though the store hands out its own objects', async () => {
    const stored = plain()
    assert.deepEqual(await callsAfter(stored, ({ user }) => user.roles.push('editor')), ['set id1'])
  })

  it('is touched when it is read and has data that are not plain', async () => {
    const stored = withCookie({ since: new Date(0), tags: new Map([[1, 2]]) })
    assert.deepEqual(await callsAfter(stored, ({ since }) => since.getTime()), ['touch id1'])
  })
})
