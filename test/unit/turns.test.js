'use strict'

// What reads and then writes a session is done one after another, and nothing is kept of those that are done.

const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const { until } = require('../support/harness')
const { Turns } = require('../../dist/support/turns.js')

describe('turns', () => {
  it('are taken at once, and in order, by id', () => {
    const turns = new Turns()
    const done = []
    const overs = []
    const work = (name) => (over) => {
      done.push(name)
      overs.push(over)
    }
    turns.take('a', work('a1'))
    turns.take('a', work('a2'))
    turns.take('b', work('b1'))
    turns.take('a', work('a3'))
    assert.deepEqual(done, ['a1', 'b1'])
    assert.equal(turns.size, 2)
    overs[0]()
    // Said twice it counts once.
    overs[0]()
    assert.deepEqual(done, ['a1', 'b1', 'a2'])
    overs[2]()
    assert.deepEqual(done, ['a1', 'b1', 'a2', 'a3'])
    overs[1]()
    overs[3]()
    assert.equal(turns.size, 0)
  })

  it('may be over at once, for very many', () => {
    const turns = new Turns()
    let first
    let count = 0
    turns.take('a', (over) => (first = over))
    for (let i = 0; i < 20_000; i++) {
      turns.take('a', (over) => {
        count++
        over()
      })
    }
    first()
    assert.equal(count, 20_000)
    assert.equal(turns.size, 0)
  })

  it('are in the async context of who has asked for them', () => {
    const turns = new Turns()
    const context = new AsyncLocalStorage()
    let first
    let seen
    turns.take('a', (over) => (first = over))
    context.run('second', () =>
      turns.take('a', (over) => {
        seen = context.getStore()
        over()
      })
    )
    context.run('first', first)
    assert.equal(seen, 'second')
  })

  it('go on when one takes too long, which may then say what it likes', async () => {
    const turns = new Turns(5)
    const done = []
    let late
    turns.take('a', (over) => (late = over))
    turns.take('a', () => done.push('second'))
    turns.take('a', (over) => {
      done.push('third')
      over()
    })
    await until(() => done.length === 2)
    late()
    assert.deepEqual(done, ['second', 'third'])
    assert.equal(turns.size, 0)
  })

  it('go on when one throws that is over', async () => {
    const turns = new Turns()
    const fault = new Error('thrown by an app')
    const throwing = (over) => {
      over()
      throw fault
    }
    assert.throws(() => turns.take('a', throwing), fault)
    await until(() => turns.size === 0)
  })
})
