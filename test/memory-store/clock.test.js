'use strict'

// When the clock of the machine is set, a MemoryStore goes by the new time, and nothing waits for it: neither a device that
// starts in 1970 and learns the time later, nor a test that travels.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const path = require('node:path')
const { session } = require('../support/harness')
const { ask, atTime, sessionsOf, stored } = require('./support/stored')

const { MemoryStore } = session
const DAY = 24 * 3_600_000
const TODAY = Date.now()

describe('a MemoryStore whose clock is set', () => {
  it('from 1970 to today: sessions of then have expired, sessions of now live', async () => {
    const store = new MemoryStore()
    await atTime(0, async () => {
      await ask(store, 'set', 'then', stored(DAY))
      await ask(store, 'set', 'for ever', stored())
      await ask(store, 'set', 'long', stored(TODAY + DAY))
      assert.equal(await ask(store, 'length'), 3)
    })
    await ask(store, 'set', 'now', stored(DAY))
    const { length, ids } = await sessionsOf(store)
    assert.deepEqual([length, ids], [3, ['for ever', 'long', 'now']])
    assert.equal(await ask(store, 'get', 'then'), undefined)
    await atTime(TODAY + 3 * DAY, async () => {
      assert.deepEqual((await sessionsOf(store)).ids, ['for ever'])
    })
  })

  it('back: sessions live as long as they say, and those of now expire in time', async () => {
    const store = new MemoryStore()
    await atTime(TODAY + 1000 * DAY, async () => {
      await ask(store, 'set', 'then', stored(DAY))
      await ask(store, 'set', 'past', stored(-1))
      assert.deepEqual((await sessionsOf(store)).ids, ['then'])
    })
    await ask(store, 'set', 'now', stored(DAY))
    assert.deepEqual((await sessionsOf(store)).ids, ['now', 'then'])
    await atTime(TODAY + 2 * DAY, async () => {
      const { length, ids } = await sessionsOf(store)
      assert.deepEqual([length, ids], [1, ['then']])
    })
    await atTime(TODAY + 1002 * DAY, async () => {
      assert.deepEqual((await sessionsOf(store)).ids, [])
    })
  })

  // One step for each five seconds of such a journey would take hours: what is looked at here is only that it ends.
  it('by ten thousand years, to and fro: no call waits for it', () => {
    const script = `
      const { MemoryStore, Cookie } = session
      const stored = (maxAge) => ({ cookie: new Cookie({ maxAge }) })
      const store = new MemoryStore()
      const use = (name) => {
        for (let i = 0; i < 20; i++) store.set(name + i, stored(1000 + i * 60000))
        store.touch(name + 1, stored(5000))
        store.get(name + 2, () => {})
        store.length(() => {})
        store.all(() => {})
        store.destroy(name + 3)
      }
      for (const time of [0, Date.now(), 3e14, 8e15, 5, Date.now(), -8e15, 8e15]) {
        Date.now = () => time
        use('at' + time)
      }
      setImmediate(() => console.log('done'))`
    const implementation =
      process.env.SESSION_IMPLEMENTATION === 'upstream' ? 'upstream-session' : 'express-session'
    const { stdout, status, error } = spawnSync(
      process.execPath,
      ['-e', `const session = require('${implementation}')\n${script}`],
      { cwd: path.join(__dirname, '..'), encoding: 'utf8', timeout: 15_000 }
    )
    assert.deepEqual([stdout.trim(), status, error], ['done', 0, undefined])
  })
})
