'use strict'

// The ledger tells what is known of a session: presented, loaded, stored, to be saved, destroyed.

const assert = require('node:assert/strict')
const { Ledger } = require('../../dist/request/ledger.js')
const { Cookie } = require('../../dist/session/cookie.js')
const { Session } = require('../../dist/session/session.js')
const { atTime } = require('../support/harness')

const NOW = Date.UTC(2030, 0, 1)

const sessionOf = (id, data, options = { maxAge: 60000 }) =>
  atTime(NOW, () => {
    const session = new Session({ sessionID: id }, data)
    session.cookie = new Cookie(options)
    return session
  })

/** A ledger of a session that was loaded, as after `get`. */
function opened(session, data = session) {
  const ledger = new Ledger()
  ledger.open(session, data)
  return ledger
}

function saveByApp(ledger, session) {
  ledger.saving(session, true)
  ledger.saved(ledger.stateOf(session), ledger.nextTurn())
}

describe('the ledger of a request', () => {
  it('knows nothing at first', () => {
    const ledger = new Ledger()
    assert.equal(ledger.hadSession, false)
    assert.equal(ledger.isUnwritten('id1'), true)
    for (const id of ['id1', undefined, null, 42]) {
      assert.equal(ledger.isPresented(id), false)
      assert.equal(ledger.isDestroyed(id), false)
      assert.equal(ledger.isToBeSaved(id), false)
      assert.equal(ledger.isSavedByApp(id), false)
      assert.equal(ledger.isSavedAfterEnd(id), false)
      assert.equal(ledger.wasStored(id), false)
    }
  })

  it('knows the id that was presented', () => {
    const ledger = new Ledger()
    ledger.presentedId = 'id1'
    assert.equal(ledger.isPresented('id1'), true)
    assert.equal(ledger.isPresented('id2'), false)
    assert.equal(ledger.wasStored('id1'), false, 'the store may have none of this id')
    ledger.reason = 'found'
    assert.equal(ledger.wasStored('id1'), true)
  })

  describe('asked what is remembered with a session', () => {
    const notes = { createdAt: NOW }

    it('knows it by the id', () => {
      const ledger = new Ledger()
      assert.equal(ledger.notesOf('id1'), undefined)
      assert.equal(ledger.notesOf(undefined), undefined)
      ledger.remember('id1', notes, false)
      assert.equal(ledger.notesOf('id1'), notes)
      assert.equal(ledger.notesOf('id2'), undefined)
    })

    it('knows it of all sessions that the request has had', () => {
      const ledger = new Ledger()
      const others = { createdAt: NOW + 1 }
      ledger.remember('id1', notes, false)
      ledger.remember('id2', others, false)
      assert.equal(ledger.notesOf('id1'), notes)
      assert.equal(ledger.notesOf('id2'), others)
      ledger.remember('id2', undefined, false)
      assert.equal(ledger.notesOf('id2'), undefined)
    })

    it('knows it under the id with which the session goes on', () => {
      const ledger = new Ledger()
      ledger.goesOnAs('id2')
      assert.equal(ledger.notesOf('id2'), undefined)
      ledger.remember('id1', notes, false)
      ledger.goesOnAs('id2')
      assert.equal(ledger.notesOf('id2'), notes)
      ledger.goesOnAs('id3', 'somebody else')
      assert.equal(ledger.notesOf('id3'), undefined)
    })

    it('has the session stored until the store knows it', () => {
      const session = sessionOf('id1', { user: 'ada' })
      const ledger = opened(session)
      ledger.countLoadedAsStored()
      ledger.remember('id1', notes, true)
      const state = ledger.stateOf(session)
      assert.equal(ledger.isStored(state), false)
      assert.equal(ledger.isModified(state), false)
      ledger.saved(state, ledger.saving(session, false))
      assert.equal(ledger.isStored(state), true)
    })
  })

  describe('asked whether a session is modified', () => {
    it('compares it with what was loaded', () => {
      const session = sessionOf('id1', { list: [1] })
      const ledger = opened(session)
      assert.equal(ledger.hadSession, true)
      assert.equal(ledger.isModified(ledger.stateOf(session)), false)
      session.list.push(2)
      assert.equal(ledger.isModified(ledger.stateOf(session)), true)
      session.list.pop()
      assert.equal(ledger.isModified(ledger.stateOf(session)), false)
    })

    it('compares it with what the store gave, names included that the session keeps for itself', () => {
      const data = { save: 'a name of the session', user: 'ada' }
      const session = sessionOf('id1', data)
      const ledger = opened(session, data)
      assert.equal(ledger.isModified(ledger.stateOf(session)), true)
    })

    it('does not look at the cookie', () => {
      const session = sessionOf('id1', {})
      const ledger = opened(session)
      session.cookie = new Cookie({ path: '/other' })
      assert.equal(ledger.isModified(ledger.stateOf(session)), false)
    })

    it('says yes of a session with another id', () => {
      const ledger = opened(sessionOf('id1', {}))
      assert.equal(ledger.isModified(ledger.stateOf(sessionOf('id2', {}))), true)
    })
  })

  it('tells a changed idle timeout from one that has only been restarted', () => {
    const session = sessionOf('id1', {})
    const ledger = opened(session)
    session.cookie.maxAge = 60000
    assert.equal(ledger.hasOtherMaxAge(session), false)
    session.cookie.maxAge = 70000
    assert.equal(ledger.hasOtherMaxAge(session), true)
  })

  it('tells an idle timeout that is no number from none', () => {
    const session = sessionOf('id1', {}, {})
    session.cookie.originalMaxAge = NaN
    const ledger = opened(session)
    assert.equal(ledger.hasOtherMaxAge(session), false)
    session.cookie.originalMaxAge = null
    assert.equal(ledger.hasOtherMaxAge(session), true)
  })

  it('opens a session whose cookie is missing', () => {
    const session = new Session({ sessionID: 'id1' })
    assert.equal(opened(session).hadSession, true)
  })

  describe('asked whether the store holds a session', () => {
    it('says no before anybody has said so', () => {
      const session = sessionOf('id1', {})
      const ledger = opened(session)
      assert.equal(ledger.isStored(ledger.stateOf(session)), false)
      assert.equal(ledger.wasStored('id1'), false)
    })

    it('counts what was loaded, when told to', () => {
      const session = sessionOf('id1', { user: 'ada' })
      const ledger = opened(session)
      ledger.countLoadedAsStored()
      assert.equal(ledger.isStored(ledger.stateOf(session)), true)
      assert.equal(ledger.wasStored('id1'), true)
      session.user = 'eve'
      assert.equal(ledger.isStored(ledger.stateOf(session)), false)
      assert.equal(ledger.isUnwritten('id1'), false)
    })

    it('does not take one session for another', () => {
      const ledger = opened(sessionOf('id1', {}))
      ledger.countLoadedAsStored()
      assert.equal(ledger.isStored(ledger.stateOf(sessionOf('id2', {}))), false)
    })

    it('looks at the cookie once the app has saved it', () => {
      const session = sessionOf('id1', {})
      const ledger = opened(session)
      saveByApp(ledger, session)
      assert.equal(ledger.isStored(ledger.stateOf(session)), true)
      session.cookie.sameSite = 'lax'
      assert.equal(ledger.isStored(ledger.stateOf(session)), false)
      delete session.cookie.sameSite
      assert.equal(ledger.isStored(ledger.stateOf(session)), true)
      session.cookie.originalMaxAge = 1
      assert.equal(ledger.isStored(ledger.stateOf(session)), false)
    })

    it('does not take a moved expiry for a change', () => {
      const session = sessionOf('id1', {})
      const ledger = opened(session)
      saveByApp(ledger, session)
      atTime(NOW + 5000, () => session.resetMaxAge())
      assert.equal(ledger.isStored(ledger.stateOf(session)), true)
    })

    it('does not know which of two saves the store holds that were answered out of turn', () => {
      const session = sessionOf('id1', {})
      const ledger = opened(session)
      const turns = [1, 2, 3].map(() => ledger.nextTurn())
      const save = (turn) => ledger.saved(ledger.stateOf(session), turn)
      save(turns[1])
      assert.equal(ledger.isStored(ledger.stateOf(session)), true)
      save(turns[0])
      assert.equal(ledger.isStored(ledger.stateOf(session)), false)
      save(turns[2])
      assert.equal(ledger.isStored(ledger.stateOf(session)), true)
    })

    it('says no once it was destroyed', () => {
      const session = sessionOf('id1', {})
      const ledger = opened(session)
      ledger.countLoadedAsStored()
      ledger.destroyed('other')
      assert.equal(ledger.isStored(ledger.stateOf(session)), true)
      ledger.destroyed('id1')
      assert.equal(ledger.isStored(ledger.stateOf(session)), false)
      assert.equal(ledger.isDestroyed('id1'), true)
    })
  })

  describe('asked whether the store knows when a session expires', () => {
    const saved = (options) => {
      const session = sessionOf('id1', {}, options)
      const ledger = opened(session)
      saveByApp(ledger, session)
      return { session, isStored: () => ledger.isExpiryStored(ledger.stateOf(session)) }
    }

    it('says no before the app has saved it', () => {
      const session = sessionOf('id1', {})
      const ledger = opened(session)
      ledger.countLoadedAsStored()
      assert.equal(ledger.isExpiryStored(ledger.stateOf(session)), false)
    })

    it('says yes until it is moved by a second', () => {
      const { session, isStored } = saved()
      assert.equal(isStored(), true)
      atTime(NOW + 999, () => session.resetMaxAge())
      assert.equal(isStored(), true)
      atTime(NOW + 1000, () => session.resetMaxAge())
      assert.equal(isStored(), false)
    })

    it('tells an expiry from none', () => {
      const { session, isStored } = saved({})
      assert.equal(isStored(), true)
      session.cookie.expires = new Date(NOW)
      assert.equal(isStored(), false)
    })

    it('takes whatever there may be instead of a date', () => {
      for (const [before, after, isSame] of [
        ['text', 'text', true],
        ['text', 'other', false],
        [new Date(NaN), new Date(NaN), false],
        [NOW, new Date(NOW), true],
        [null, 0, false]
      ]) {
        const session = sessionOf('id1', {}, {})
        const ledger = opened(session)
        session.cookie._expires = before
        saveByApp(ledger, session)
        session.cookie._expires = after
        assert.equal(ledger.isExpiryStored(ledger.stateOf(session)), isSame, `${before} ${after}`)
      }
    })
  })

  it('knows who has saved a session, and that a failed save is still due', () => {
    const session = sessionOf('id1', {})
    const ledger = opened(session)
    ledger.saving(session, false)
    assert.equal(ledger.isToBeSaved('id1'), true)
    assert.equal(ledger.isSavedByApp('id1'), false)
    ledger.saving(session, true)
    assert.equal(ledger.isSavedByApp('id1'), true)
    ledger.saveFailed('id1', Infinity)
    assert.equal(ledger.isSavedByApp('id1'), false)
    assert.equal(ledger.isToBeSaved('id1'), true)
    assert.equal(ledger.isUnwritten('id1'), false)
  })

  it('takes what was reloaded for what is stored, under the id it was stored', () => {
    const ledger = opened(sessionOf('id1', { views: 1 }))
    const reloaded = sessionOf('id2', { views: 2 })
    ledger.reloaded('id1', reloaded)
    assert.equal(ledger.wasStored('id1'), true)
    assert.equal(ledger.isStored(ledger.stateOf(reloaded)), false)
    assert.equal(ledger.isStored(ledger.stateOf(sessionOf('id1', { views: 2 }))), true)
  })

  it('lets a new session have the id of one that was destroyed', () => {
    const ledger = opened(sessionOf('id1', {}))
    ledger.destroyed('id1')
    ledger.replaced(sessionOf('id2', {}))
    assert.equal(ledger.isDestroyed('id1'), true)
    ledger.replaced(sessionOf('id1', {}))
    assert.equal(ledger.isDestroyed('id1'), false)
  })

  it('says of data without JSON what JSON.stringify says', () => {
    const session = sessionOf('id1', {})
    const ledger = opened(session)
    session.big = 1n
    assert.throws(() => ledger.stateOf(session), /BigInt/)
  })
})
