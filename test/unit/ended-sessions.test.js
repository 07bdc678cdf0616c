'use strict'

// That a session has ended is known until its id begins again, or it is too long ago to know, in a bounded memory.

const assert = require('node:assert/strict')
const fc = require('fast-check')
const { EndedSessions } = require('../../dist/storage/ended-sessions.js')

const MAX_BYTES = 4 * 1024 * 1024

/** What the ids take that are kept: two bytes a character, and somewhat more than a hundred for the rest. */
const bytesOf = (ended) => [...ended.endings.keys()].reduce((sum, id) => sum + id.length * 2 + 100, 0)

const IDS = ['', 'a', 'b', '__proto__', 'ä\ud800']

/** The same, by the book: nothing is ever forgotten. */
class Model {
  now = 0
  endings = new Map()

  end(id) {
    this.endings.set(id, { moment: ++this.now, begunAgain: Infinity })
  }

  takeBack(id) {
    this.endings.delete(id)
  }

  begin(id) {
    if (this.endings.has(id)) this.endings.get(id).begunAgain = ++this.now
  }

  hasEnded(id, since) {
    return this.endings.has(id) && since < this.endings.get(id).begunAgain
  }

  hasEndedSince(id, moment) {
    const ending = this.endings.get(id)
    return ending !== undefined && ending.begunAgain === Infinity && ending.moment > moment
  }
}

describe('ended sessions', () => {
  it('stay ended, for whoever began before or after', () => {
    const ended = new EndedSessions()
    const before = ended.now
    assert.equal(ended.hasEnded('a', before), false)
    ended.end('a')
    for (const since of [before, ended.now]) {
      assert.equal(ended.hasEnded('a', since), true)
      assert.equal(ended.hasEnded('b', since), false)
    }
  })

  it('have ended since a moment, or before it', () => {
    const ended = new EndedSessions()
    const before = ended.now
    ended.end('a')
    const between = ended.now
    ended.end('b')
    assert.deepEqual([ended.hasEndedSince('a', before), ended.hasEndedSince('b', before)], [true, true])
    assert.deepEqual([ended.hasEndedSince('a', between), ended.hasEndedSince('b', between)], [false, true])
    assert.deepEqual([ended.hasEndedSince('b', ended.now), ended.hasEndedSince('c', before)], [false, false])
  })

  it('whose ids begin again are ended for those requests alone that began before that', () => {
    const ended = new EndedSessions()
    const before = ended.now
    ended.end('a')
    const between = ended.now
    const begun = ended.begin('a')
    assert.ok(begun > between)
    assert.deepEqual(
      [before, between, begun].map((since) => ended.hasEnded('a', since)),
      [true, true, false]
    )
    assert.equal(ended.hasEndedSince('a', before), false)
    ended.end('a')
    assert.equal(ended.hasEnded('a', begun), true)
    assert.equal(ended.hasEndedSince('a', begun), true)
  })

  it('are none by beginning', () => {
    const ended = new EndedSessions()
    const { now } = ended
    assert.equal(ended.begin('a'), now)
    assert.equal(ended.hasEnded('a', now), false)
  })

  it('are those of a simple model, at all moments', () => {
    const event = fc.record({
      what: fc.constantFrom('end', 'begin', 'end and be refused'),
      id: fc.constantFrom(...IDS)
    })
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const ended = new EndedSessions()
        const model = new Model()
        for (const { what, id } of events) {
          if (what === 'end') {
            const ending = ended.end(id)
            model.end(id)
            assert.equal(ended.momentOf(id), ending)
          } else if (what === 'begin') {
            ended.begin(id)
            model.begin(id)
          } else if (!model.endings.has(id)) {
            ended.end(id)
            model.end(id)
            ended.answer(id, true)
            model.takeBack(id)
            assert.equal(ended.momentOf(id), undefined)
          }
          assert.equal(ended.now, model.now)
          for (const id of [...IDS, 'never']) {
            for (let since = 0; since <= model.now; since++) {
              assert.equal(ended.hasEnded(id, since), model.hasEnded(id, since), `${id} since ${since}`)
              assert.equal(ended.hasEndedSince(id, since), model.hasEndedSince(id, since))
            }
          }
        }
      })
    )
  })

  it('are taken back only when the store has refused all who were to end them', () => {
    const ended = new EndedSessions()
    ended.end('a')
    ended.end('a')
    ended.answer('a', true)
    assert.equal(ended.hasEnded('a', ended.now), true)
    ended.answer('b', true)
    assert.equal(ended.hasEnded('a', ended.now), true)
    ended.answer('a', true)
    ended.answer('a', true)
    assert.equal(ended.hasEnded('a', ended.now), false)
  })

  it('stay ended although the store refuses to end them once more', () => {
    for (const isFirstRefused of [true, false]) {
      const ended = new EndedSessions()
      ended.end('a')
      ended.end('a')
      ended.answer('a', isFirstRefused)
      ended.answer('a', !isFirstRefused)
      assert.equal(ended.hasEnded('a', ended.now), true)
    }
  })

  it('are in use again as before when the store refuses to end them after that', () => {
    const ended = new EndedSessions()
    ended.end('a')
    ended.answer('a', false)
    const begun = ended.begin('a')
    ended.end('a')
    assert.equal(ended.hasEnded('a', begun), true)
    ended.answer('a', true)
    assert.deepEqual([ended.hasEnded('a', begun), ended.hasEnded('a', begun - 1)], [false, true])
  })

  it('are told apart for 10,000 requests that each began between two of 10,000 endings', () => {
    const ended = new EndedSessions()
    const moments = []
    for (let i = 0; i < 10000; i++) {
      moments.push(ended.now)
      ended.end('id' + i)
      // One of those that are still there asks.
      const asking = (i * 7919) % (i + 1)
      assert.equal(ended.hasEnded('id' + i, moments[asking]), true)
      assert.equal(ended.hasEndedSince('id' + i, moments[asking]), true)
      assert.equal(ended.hasEndedSince('id' + asking, moments[asking]), true)
      assert.equal(ended.hasEndedSince('id' + asking, moments[asking] + 1), false)
    }
    for (const [i, moment] of moments.entries()) {
      assert.equal(ended.hasEndedSince('id' + i, moment), true)
      assert.equal(ended.hasEndedSince('id' + (i - 1), moment), false)
      assert.equal(ended.hasEnded('id9999', moment), true)
      assert.equal(ended.hasEnded('never', moment), false)
    }
  })

  it('are forgotten in the end, and then nobody knows', () => {
    const ended = new EndedSessions()
    const beginning = ended.now
    ended.end('first')
    let others = 0
    while (ended.hasEnded('first', beginning)) ended.end(`session-number-${others++}`)
    assert.ok(others > 10000, `${others}`)
    assert.equal(ended.hasEnded('first', beginning), undefined)
    assert.equal(ended.hasEnded('never', beginning), undefined)
    // Who began later, or asks for what ended later, still hears.
    assert.equal(ended.hasEnded(`session-number-${others - 1}`, beginning), true)
    assert.equal(ended.hasEnded('first', ended.now), false)
    assert.equal(ended.hasEnded('never', ended.now - 100), false)
  })

  it('never seem alive to who was there before they were forgotten: the answer is right, or undefined', () => {
    const ended = new EndedSessions()
    const model = new Model()
    const idOf = (i) => `${i % 60000}`.padStart(32, 'x')
    for (let i = 0; i < 100000; i++) {
      const id = idOf(i * 7)
      const isNew = !model.endings.has(id)
      ended.end(id)
      model.end(id)
      if (i % 5 === 0 && isNew) {
        ended.answer(id, true)
        model.takeBack(id)
      }
      if (i % 7 === 0) ended.begin(id)
      if (i % 7 === 0) model.begin(id)
      if (i % 100) continue
      for (const asked of [id, idOf(i * 7 - 7), idOf(i * 7919)]) {
        const last = model.endings.get(asked)?.moment ?? 0
        for (const since of [0, last - 1, ended.now - 1000, ended.now].filter((since) => since >= 0)) {
          const answer = ended.hasEnded(asked, since)
          const isKnown = last > ended.now - 5000
          // A request that began after an ending was forgotten has found no session by that id.
          if (answer !== undefined && (since < last || isKnown))
            assert.equal(answer, model.hasEnded(asked, since))
          if (isKnown) assert.notEqual(answer, undefined)
        }
      }
    }
  })

  it('take a bounded number of bytes, however long their ids are', () => {
    for (const length of [1, 32, 1000, 100000]) {
      const ended = new EndedSessions()
      for (let i = 0; i < 50000 / Math.sqrt(length); i++) {
        const id = `${i}`.padStart(1 + ((i * 31) % length), 'x')
        ended.end(id)
        if (i % 3 === 0) ended.answer(id, true)
        if (i % 1000 === 0) assert.ok(bytesOf(ended) <= MAX_BYTES)
      }
      assert.ok(bytesOf(ended) <= MAX_BYTES)
      assert.ok(bytesOf(ended) <= ended.bytes)
    }
  })

  it('are counted in bytes down to none', () => {
    const ended = new EndedSessions()
    for (const id of IDS) ended.end(id)
    assert.equal(ended.bytes > 0, true)
    for (const id of IDS) ended.answer(id, true)
    assert.equal(ended.bytes, 0)
  })

  it('with an id that is too long to keep are forgotten at once', () => {
    const ended = new EndedSessions()
    const beginning = ended.now
    const long = 'x'.repeat(MAX_BYTES)
    ended.end('a')
    ended.end(long)
    assert.equal(bytesOf(ended), 0)
    assert.equal(ended.hasEnded(long, beginning), undefined)
    ended.answer(long, true)
    assert.equal(ended.bytes, 0)
    ended.end('b')
    assert.equal(ended.hasEnded('b', beginning), true)
    assert.equal(ended.hasEnded('c', ended.now), false)
  })
})

describe('what a store finds of ended sessions', () => {
  it('is not left of them while they are being ended, nor when that is done', () => {
    const ended = new EndedSessions()
    assert.equal(ended.isLeft('a'), false)
    ended.end('a')
    assert.equal(ended.isLeft('a'), false)
    ended.answer('a', false)
    assert.equal(ended.isLeft('a'), false)
  })

  it('is left where nobody waits any more for who was to destroy them, until they begin again', () => {
    const ended = new EndedSessions()
    ended.giveUp('a')
    assert.equal(ended.isLeft('a'), false)
    ended.end('a')
    ended.giveUp('a')
    assert.deepEqual([ended.isLeft('a'), ended.isUnsettled('a')], [true, true])
    ended.end('a')
    assert.equal(ended.isLeft('a'), true)
    ended.begin('a')
    assert.equal(ended.isLeft('a'), false)
    ended.end('a')
    assert.equal(ended.isLeft('a'), false)
  })

  it('is left where nobody waits any more for a write from before they were ended', () => {
    const ended = new EndedSessions()
    const before = ended.lateWrites.begin('a', ended.now)
    ended.end('a')
    ended.answer('a', false)
    assert.deepEqual([ended.isLeft('a'), ended.isUnsettled('a')], [true, true])
    ended.lateWrites.end(before)
    // A pointer is written when the session counts as ended already.
    ended.lateWrites.begin('a', ended.now)
    assert.deepEqual([ended.isLeft('a'), ended.isUnsettled('a')], [false, false])
  })
})

describe('writes of ended sessions', () => {
  it('leave open what a store finds, until they are answered', () => {
    const ended = new EndedSessions()
    const first = ended.writes.begin('a', 0)
    const second = ended.writes.begin('a', 0)
    assert.equal(ended.isUnsettled('a'), false)
    ended.end('a')
    assert.equal(ended.isUnsettled('a'), true)
    ended.answer('a', false)
    ended.writes.end(first)
    ended.writes.end(first)
    assert.equal(ended.isUnsettled('a'), true)
    ended.writes.end(second)
    assert.equal(ended.isUnsettled('a'), false)
  })

  it('are known in a bounded number, those that are never answered included', () => {
    const ended = new EndedSessions()
    for (let i = 0; i < 50000; i++) ended.writes.begin(`id${i}`, 0)
    assert.ok(ended.writes.size < 5000)
    ended.end('id49999')
    assert.equal(ended.isUnsettled('id49999'), true)
  })
})
