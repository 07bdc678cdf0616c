'use strict'

// What an app leaves on its request at the end is saved as it was then, if it is a session or a copy of one.

const assert = require('node:assert/strict')
const { callSave, copyAtEnd, wholeSession } = require('../../dist/request/session-at-end.js')
const { Cookie } = require('../../dist/session/cookie.js')
const { Session } = require('../../dist/session/session.js')
const { snapshot } = require('../../dist/session/snapshot.js')
const { MemoryStore } = require('../../dist/stores/memory-store.js')

const store = new MemoryStore()

function requestWith(data) {
  const req = { sessionID: 'id1', sessionStore: store }
  store.createSession(req, { cookie: { originalMaxAge: null, path: '/app' }, ...data })
  return req
}

const dataOf = (session) => JSON.parse(JSON.stringify(session))

describe('what is left on a request', () => {
  it('is the session itself', () => {
    const req = requestWith({ user: 'ada' })
    assert.equal(wholeSession(req, req.session, store), req.session)
  })

  for (const [name, copyOf] of Object.entries({
    'a copy by spreading': (session) => ({ ...session }),
    'a copy by its JSON': dataOf,
    'an object that inherits from it': (session) => Object.create(session)
  })) {
    it(`is made a session from ${name}`, () => {
      const req = requestWith({ user: 'ada' })
      req.session = copyOf(req.session)
      req.session.views = 1
      const whole = wholeSession(req, req.session, store)
      assert.equal(whole, req.session)
      assert.ok(whole instanceof Session && whole.cookie instanceof Cookie)
      assert.equal(whole.id, 'id1')
      assert.equal(whole.cookie.path, '/app')
      assert.deepEqual([whole.user, whole.views], ['ada', 1])
    })
  }

  it('stays where it is while another object is made whole', () => {
    const req = requestWith({ user: 'ada' })
    const { session } = req
    const whole = wholeSession(req, { ...session, user: 'eve' }, store)
    assert.equal(req.session, session)
    assert.deepEqual([whole.id, whole.user, session.user], ['id1', 'eve', 'ada'])
  })

  it('is refused when it is none', () => {
    for (const none of [{}, { cookie: null }, { cookie: 'text' }, { user: 'ada' }, 'text', 42]) {
      assert.throws(() => wholeSession({ session: none }, none, store), {
        name: 'TypeError',
        message: 'req.session is not a session; to start afresh, call req.session.regenerate()'
      })
    }
  })
})

describe('a session at the end', () => {
  const endOf = (session) => ({
    session,
    state: { id: session.id, data: snapshot(session) },
    cookie: JSON.stringify(session.cookie)
  })

  it('needs no copy as long as it is the same, or where it did not have to wait', () => {
    const { session } = requestWith({ list: [1] })
    assert.equal(copyAtEnd(endOf(session), store), undefined)
    const end = { ...endOf(session), cookie: undefined }
    session.list.push(2)
    assert.equal(copyAtEnd(end, store), undefined)
    assert.equal(copyAtEnd({ session: undefined, state: undefined, cookie: '{}' }, store), undefined)
  })

  for (const [name, change] of Object.entries({
    'data have changed': (session) => session.list.push(2),
    'data are gone': (session) => delete session.list,
    'cookie has changed': (session) => {
      session.cookie.path = '/other'
    },
    'cookie is gone': (session) => delete session.cookie,
    'data have no JSON any more': (session) => {
      session.big = 1n
    }
  })) {
    it(`is the copy of what it was when its ${name}`, () => {
      const { session } = requestWith({ list: [1] })
      const before = dataOf(session)
      const end = endOf(session)
      change(session)
      const copy = copyAtEnd(end, store)
      assert.notEqual(copy, session)
      assert.ok(copy instanceof Session)
      assert.equal(copy.id, 'id1')
      assert.deepEqual(dataOf(copy), before)
    })
  }
})

describe('the save of a session', () => {
  const saved = (session) =>
    new Promise((resolve) => {
      assert.equal(
        callSave(session, (...answer) => resolve(answer)),
        undefined
      )
    })

  it('is its own', async () => {
    const { session } = requestWith({ user: 'ada' })
    await saved(session)
    assert.equal(JSON.parse(store.sessions.id1).user, 'ada')
  })

  it('is that of all sessions where data have its name', async () => {
    const { session } = requestWith({})
    session.save = 'data'
    await saved(session)
    assert.equal(JSON.parse(store.sessions.id1).save, 'data')
  })

  it('is that of the app where that has replaced it, however that answers', async () => {
    for (const [save, error] of [
      [(done) => done(new Error('refused')), 'refused'],
      [(done) => setImmediate(done), undefined],
      [async () => {}, undefined],
      [() => Promise.reject(new Error('rejected')), 'rejected'],
      [
        () => {
          throw new Error('thrown')
        },
        'thrown'
      ],
      [
        () => {
          throw undefined
        },
        'session.save() threw undefined'
      ]
    ]) {
      const { session } = requestWith({})
      session.save = save
      assert.equal((await saved(session))[0]?.message, error)
    }
  })
})
