'use strict'

// A MemoryStore looks for expired sessions as often as `sweepInterval` says, while some can have expired.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const { packageName, session, until } = require('../support/harness')

const { Cookie, MemoryStore } = session

/**
 * In a process of its own, in which time goes as the timers say: what a store with one session of a minute does.
 *
 * @returns for how long it waited each time, and whether the session was there then
 */
function sweepsOf(options) {
  const script = `
    const timers = require('node:timers')
    let now = 1_000_000_000_000
    const waits = []
    let due
    Date.now = () => now
    timers.setTimeout = (callback, ms) => {
      due = { callback, ms }
      return { unref() {} }
    }
    const { MemoryStore } = require('${packageName}')
    const store = new MemoryStore(${options})
    store.set('sid', { cookie: { expires: new Date(now + 60_000) } })
    while (due && waits.length < 1000) {
      const { callback, ms } = due
      due = undefined
      now += ms
      callback()
      waits.push([ms, 'sid' in store.sessions])
    }
    console.log(JSON.stringify(waits))`
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { cwd: __dirname, encoding: 'utf8' })
  assert.equal(stderr, '')
  const waits = JSON.parse(stdout)
  assert.deepEqual(
    waits.map(([, isThere]) => isThere),
    waits.map((_, i) => i < waits.length - 1),
    'it looks until the session is gone, and then no more'
  )
  return waits.map(([ms]) => ms)
}

describe('sweepInterval', () => {
  it('is five seconds, unless it is given: once a session may have expired, it is time', () => {
    assert.deepEqual(sweepsOf(''), [65_000])
    assert.deepEqual(sweepsOf('{ max: 10 }'), [65_000])
  })

  it('is what each wait is a multiple of', () => {
    assert.deepEqual(sweepsOf('{ sweepInterval: 1000 }'), [61_000])
    assert.deepEqual(sweepsOf('{ sweepInterval: 7000 }'), [70_000])
    assert.deepEqual(sweepsOf('{ sweepInterval: 3_600_000 }'), [3_600_000])
  })

  it('may be shorter than a second: what has expired is gone within one and a bit', () => {
    assert.deepEqual(sweepsOf('{ sweepInterval: 100 }'), [61_000])
    assert.deepEqual(sweepsOf('{ sweepInterval: Number.MIN_VALUE }'), [61_000])
  })

  it('may be longer than any timer of Node', () => {
    assert.deepEqual(sweepsOf('{ sweepInterval: 1e12 }'), [2 ** 31 - 1])
  })

  it('counts for the sessions that come after a clear, too', async () => {
    const store = new MemoryStore({ sweepInterval: 20 })
    store.clear()
    store.set('sid', { cookie: new Cookie({ maxAge: 10 }) })
    await until(() => !('sid' in store.sessions), 4000)
  })
})
