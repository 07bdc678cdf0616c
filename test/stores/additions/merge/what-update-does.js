'use strict'

const assert = require('node:assert/strict')
const stores = require('./stores')

/** A serializer of the app's own. */
const backwards = {
  stringify: (session) => [...JSON.stringify(session)].reverse().join(''),
  parse: (text) => JSON.parse([...text].reverse().join(''))
}

const inMilliseconds = (ms) => ({ originalMaxAge: ms, expires: new Date(Date.now() + ms) })

/** What `update` of examples/stores promises, on a store with the options that its `set` honours. */
module.exports = async function whatUpdateDoes(name, url, isCluster) {
  const options =
    stores[name].server === 'redis'
      ? { prefix: 'mine:', ttl: 1000, serializer: backwards }
      : { tableName: 'mine "quoted"', ttl: 1000 }
  const opened = await stores[name].open(url, options, isCluster)
  const store = opened.withUpdate()
  const ask = (method, ...args) =>
    new Promise((resolve, reject) => {
      store[method](...args, (error, result) => (error ? reject(error) : resolve(result)))
    })
  const cookie = { originalMaxAge: null, expires: null }
  try {
    // What is there is changed, and what is stored and how long is as by `set`.
    await ask('set', 'set', { cookie, user: 'ada', name: 'Zoë 🐚' })
    await ask('update', 'set', (stored) => {
      assert.equal(stored.name, 'Zoë 🐚')
      return { ...stored, user: 'bob' }
    })
    assert.equal((await ask('get', 'set')).user, 'bob')
    assert.equal((await ask('get', 'set')).name, 'Zoë 🐚')
    near((await opened.raw('set')).ttl, 1000)
    await ask('update', 'set', (stored) => ({ ...stored, cookie: inMilliseconds(60_000) }))
    near((await opened.raw('set')).ttl, 60)

    // What is not there is told so, and may be made.
    await ask('update', 'none', (stored) => void assert.equal(stored ?? undefined, undefined))
    assert.equal(await opened.raw('none'), undefined)
    await ask('update', 'made', (stored) => (stored ? undefined : { cookie, made: true }))
    assert.equal((await ask('get', 'made')).made, true)

    // `undefined` leaves all as it is.
    const before = await opened.raw('set')
    await ask('update', 'set', () => undefined)
    assert.equal((await opened.raw('set')).text, before.text)

    // What has expired is not there, neither before nor after.
    await ask('update', 'set', (stored) => ({ ...stored, cookie: inMilliseconds(-5000) }))
    assert.equal((await ask('get', 'set')) ?? undefined, undefined)
    await ask('update', 'set', (stored) => void assert.equal(stored ?? undefined, undefined))

    // An error of `change` is one of `update`, and leaves all as it is, and nobody locked out.
    const thrown = new Error('thrown by change')
    await assert.rejects(
      ask('update', 'made', () => {
        throw thrown
      }),
      thrown
    )
    assert.equal((await ask('get', 'made')).made, true)

    // In parallel none is lost: of what is there, and of what is not there yet.
    for (const sid of ['made', 'new']) {
      await Promise.all(
        Array.from({ length: 50 }, (_, number) =>
          ask('update', sid, (stored) => ({ cookie, ...stored, [`key${number}`]: number }))
        )
      )
      const keys = Object.keys(await ask('get', sid)).filter((key) => key.startsWith('key'))
      assert.equal(keys.length, 50)
    }
  } finally {
    await opened.close()
  }
}

function near(seconds, expected) {
  assert.ok(Math.abs(seconds - expected) < 30, `${seconds} seconds, and not ${expected}`)
}
