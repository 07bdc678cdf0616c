'use strict'

// The timer of a MemoryStore rings when something has expired, and not before. So a test that stops the clock with sinon, and runs all
// timers, comes to an end; and what expires soon goes soon, whatever else is there.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const { packageName } = require('../support/harness')

/** Runs a script in a process of its own, whose clock was stopped before the package was loaded. Gives what it returns, or prints. */
function withStoppedClock(body) {
  const script = `
    const timers = require('node:timers')
    const clock = require('sinon').useFakeTimers({
      now: Date.UTC(2030, 0, 1),
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date']
    })
    const SECOND = 1000
    const HOUR = 3600 * SECOND
    const DAY = 24 * HOUR
    let timersMade = 0
    const makeTimer = timers.setTimeout
    timers.setTimeout = (...args) => {
      timersMade++
      return makeTimer(...args)
    }
    const { MemoryStore, Cookie } = require('${packageName}')
    const stored = (maxAge) => ({ cookie: new Cookie({ maxAge }) })
    const store = new MemoryStore()
    const there = () => Object.keys(store.sessions)
    const print = (value) => console.log(JSON.stringify(value))
    const returned = (() => {${body}})()
    if (returned !== undefined) print(returned)`
  const options = { cwd: __dirname, encoding: 'utf8', timeout: 20_000 }
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], options)
  assert.equal(stderr, '')
  return JSON.parse(stdout)
}

describe('under a clock that stands still, a MemoryStore', () => {
  const lives = { minute: 60e3, day: 24 * 3600e3, month: 31 * 24 * 3600e3, year: 365 * 24 * 3600e3 }
  for (const [name, life] of Object.entries(lives)) {
    it(`lets all timers run to their end, with sessions of a ${name}`, () => {
      const body = `
        for (let i = 0; i < 3000; i++) store.set('sid' + i, stored(${life} + i))
        clock.runAll()
        return [there().length, clock.countTimers(), timersMade < 40]`
      assert.deepEqual(withStoppedClock(body), [0, 0, true])
    })
  }

  it('has no timer while nothing will expire', () => {
    assert.equal(withStoppedClock(`store.set('sid', stored(null)); return clock.countTimers()`), 0)
  })

  it('makes no timer for each session', () => {
    const body = `
      for (let i = 0; i < 10000; i++) {
        store.set('sid' + i, stored(DAY))
        store.touch('sid' + (i >> 1), stored(DAY))
        clock.tick(100)
      }
      return timersMade`
    assert.equal(withStoppedClock(body), 1)
  })

  describe('removes within ten seconds a session', () => {
    const gone = (body) =>
      assert.deepEqual(
        withStoppedClock(`
          store.set('long', stored(DAY))
          clock.tick(HOUR)
          ${body}
          const before = there()
          clock.tick(10 * SECOND)
          return [before, there()]`),
        [['long', 'short'], ['long']]
      )

    it('that comes later and expires earlier', () => gone(`store.set('short', stored(SECOND))`))

    it('that comes after others that expired earlier still', () => {
      gone(`
        store.set('shorter', stored(SECOND))
        clock.tick(10 * SECOND)
        store.set('short', stored(2 * SECOND))`)
    })

    it('that is touched to expire earlier', () => {
      gone(`
        store.set('short', stored(DAY))
        store.touch('short', stored(SECOND))`)
    })

    it('that was kept by touches, after the last one', () => {
      gone(`
        store.set('short', stored(20 * SECOND))
        for (let i = 0; i < 100; i++) {
          clock.tick(15 * SECOND)
          store.touch('short', stored(20 * SECOND))
        }
        clock.tick(20 * SECOND)`)
    })

    it('that was put there by hand', () => {
      gone(`store.sessions.short = JSON.stringify(stored(SECOND))`)
    })
  })

  it('goes on with its timer while sessions come that have expired already', () => {
    const body = `
      for (let i = 0; i < 100; i++) {
        store.sessions['sid' + i] = JSON.stringify(stored(-DAY - i * HOUR))
        clock.tick(100)
      }
      return there().length < 60`
    assert.equal(withStoppedClock(body), true)
  })

  it('removes what has expired when the clock is set forward, within one interval of the next call', () => {
    for (const call of [`store.set('new', stored(DAY))`, 'store.length(() => {})']) {
      const body = `
        for (let i = 0; i < 3000; i++) store.set('sid' + i, stored(20 * DAY))
        clock.setSystemTime(Date.UTC(2040, 0, 1))
        ${call}
        clock.tick(6 * SECOND)
        return there().filter((sid) => sid !== 'new').length`
      assert.equal(withStoppedClock(body), 0, call)
    }
  })

  it('expires in time what comes after the clock was set', () => {
    for (const year of [2020, 2040]) {
      const body = `
        store.set('old', stored(20 * DAY))
        clock.setSystemTime(Date.UTC(${year}, 0, 1))
        store.set('short', stored(SECOND))
        clock.tick(10 * SECOND)
        return there().includes('short')`
      assert.equal(withStoppedClock(body), false, String(year))
    }
  })

  it('does not run in circles when the clock is set back', () => {
    const body = `
      store.set('sid', stored(DAY))
      clock.setSystemTime(Date.UTC(1970, 0, 1))
      store.length(() => {})
      timersMade = 0
      clock.tick(60 * DAY)
      return timersMade < 5`
    assert.equal(withStoppedClock(body), true)
  })

  it('leaves no timer behind when nobody uses it any more, nor its sessions before a clear', () => {
    const body = `
      const { collectGarbage } = require('../support/engine')
      void (() => {
        for (let i = 0; i < 100; i++) {
          store.set('sid', stored(DAY))
          store.clear()
          new MemoryStore().set('sid', stored(DAY))
        }
      })()
      const made = clock.countTimers()
      let rounds = 0
      const look = () => {
        collectGarbage()
        // One or two may still lie on a stack.
        if (clock.countTimers() > 10 && rounds++ < 500) setImmediate(look)
        else print([made, clock.countTimers() <= 10])
      }
      look()`
    assert.deepEqual(withStoppedClock(body), [200, true])
  })
})
