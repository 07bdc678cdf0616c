'use strict'

// Whether a session has ended since a moment is known for every moment that is not too long ago, in a bounded memory.

const assert = require('node:assert/strict')
const fc = require('fast-check')
const { EndedSessions } = require('../../dist/storage/ended-sessions.js')

const MAX_BYTES = 4 * 1024 * 1024

/** What the ids take that are kept: two bytes a character, and about as much for the rest. */
const bytesOf = (ended) => [...ended.endings.keys()].reduce((sum, id) => sum + id.length * 2 + 100, 0)

/** The same, by the book: every ending is kept for good, and one that was taken back does not count. */
class Model {
  now = 0
  endings = []

  end(id) {
    const ending = { id, moment: ++this.now }
    this.endings.push(ending)
    return () => {
      this.endings = this.endings.filter((other) => other !== ending)
    }
  }

  hasEnded(id, since) {
    return this.endings.some((ending) => ending.id === id && ending.moment > since)
  }
}

const ids = fc.constantFrom('', 'a', 'b', 'c', '__proto__', 'ä\ud800')
const end = fc.record({ end: ids, takeBack: fc.boolean() })
/** One that other endings may come before. */
const later = fc.record({ takeBackLatest: fc.boolean() })

describe('ended sessions', () => {
  it('are known since each moment', () => {
    const ended = new EndedSessions()
    const before = ended.now
    ended.end('a')
    const between = ended.now
    ended.end('b')
    assert.deepEqual([ended.hasEnded('a', before), ended.hasEnded('b', before)], [true, true])
    assert.deepEqual([ended.hasEnded('a', between), ended.hasEnded('b', between)], [false, true])
    assert.deepEqual([ended.hasEnded('a', ended.now), ended.hasEnded('b', ended.now)], [false, false])
    assert.equal(ended.hasEnded('c', before), false)
  })

  it('are those of a simple model, at all moments', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(end, later)), (events) => {
        const both = [new EndedSessions(), new Model()]
        const [ended, model] = both
        // Each request's refusal comes before anybody else ends the same session, or after.
        let open = new Map()
        for (const event of events) {
          if ('end' in event) {
            const takeBack = both.map((each) => each.end(event.end))
            if (event.takeBack) takeBack.forEach((undo) => undo())
            else open.set(event.end, takeBack)
          } else {
            const [id] = [...open.keys()].slice(-1)
            if (event.takeBackLatest) open.get(id)?.forEach((undo) => undo())
            open.delete(id)
          }
          assert.equal(ended.now, model.now)
          for (const id of ['', 'a', 'b', 'c', '__proto__', 'ä\ud800', 'never']) {
            for (let since = 0; since <= model.now; since++) {
              assert.equal(ended.hasEnded(id, since), model.hasEnded(id, since), `${id} since ${since}`)
            }
          }
        }
      })
    )
  })

  it('are taken back once', () => {
    const ended = new EndedSessions()
    const takeBack = ended.end('a')
    takeBack()
    ended.end('a')
    takeBack()
    assert.equal(ended.hasEnded('a', 0), true)
  })

  it('that have ended twice have still ended when the second is taken back', () => {
    const ended = new EndedSessions()
    ended.end('a')
    const between = ended.now
    const takeBack = ended.end('a')
    assert.equal(ended.hasEnded('a', between), true)
    takeBack()
    assert.deepEqual([ended.hasEnded('a', 0), ended.hasEnded('a', between)], [true, false])
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
      assert.equal(ended.hasEnded('id' + asking, moments[asking]), true)
      assert.equal(ended.hasEnded('id' + asking, moments[asking] + 1), false)
    }
    for (const [i, moment] of moments.entries()) {
      assert.equal(ended.hasEnded('id' + i, moment), true)
      assert.equal(ended.hasEnded('id' + (i - 1), moment), false)
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
    assert.equal(ended.hasEnded('never', ended.now), false)
    assert.equal(ended.hasEnded('first', ended.now), false)
    assert.equal(ended.hasEnded('never', ended.now - 100), false)
  })

  it('never seem alive because they were forgotten: the answer is right, or undefined', () => {
    const ended = new EndedSessions()
    const model = new Map()
    for (let i = 0; i < 100000; i++) {
      const id = `${i % 60000}`.padStart(32, 'x')
      const takeBack = ended.end(id)
      if (i % 5 === 0) takeBack()
      else model.set(id, ended.now)
      if (i % 100) continue
      for (const back of [0, 1, 1000, 25000, 50000]) {
        const since = Math.max(0, ended.now - back)
        const asked = `${(i * 7919) % 60000}`.padStart(32, 'x')
        const answer = ended.hasEnded(asked, since)
        const truth = (model.get(asked) ?? 0) > since
        assert.ok(answer === undefined || answer === truth, `${asked} since ${since}: ${answer}`)
        if (back < 10000) assert.equal(answer, truth)
      }
    }
  })

  it('take a bounded number of bytes, however long their ids are', () => {
    for (const length of [1, 32, 1000, 100000]) {
      const ended = new EndedSessions()
      for (let i = 0; i < 50000 / Math.sqrt(length); i++) {
        const takeBack = ended.end(`${i}`.padStart(1 + ((i * 31) % length), 'x'))
        if (i % 3 === 0) takeBack()
        if (i % 1000 === 0) assert.ok(bytesOf(ended) <= MAX_BYTES)
      }
      assert.ok(bytesOf(ended) <= MAX_BYTES)
      assert.equal(bytesOf(ended), ended.bytes)
    }
  })

  it('with an id that is too long to keep are forgotten at once', () => {
    const ended = new EndedSessions()
    const beginning = ended.now
    const long = 'x'.repeat(MAX_BYTES)
    ended.end('a')
    ended.end(long)
    assert.equal(bytesOf(ended) <= MAX_BYTES, true)
    assert.equal(ended.hasEnded(long, beginning), undefined)
    ended.end('b')
    assert.equal(ended.hasEnded('b', beginning), true)
    assert.equal(ended.hasEnded('c', ended.now), false)
  })

  it('can be taken back after they were forgotten, to no effect', () => {
    const ended = new EndedSessions()
    ended.end('a')
    const takeBack = ended.end('a')
    ended.end('x'.repeat(MAX_BYTES))
    const bytes = ended.bytes
    takeBack()
    assert.equal(ended.bytes, bytes)
    assert.equal(ended.hasEnded('a', 0), undefined)
  })
})
