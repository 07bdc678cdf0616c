'use strict'

// Who subscribes to the diagnostics channels hears of each load, save, touch, destroy and regenerate: what came of it, how
// long it took, and of which session, without the id of it.

const assert = require('node:assert/strict')
const { createHash } = require('node:crypto')
const diagnostics = require('node:diagnostics_channel')
const { JsonStore, closeAll, loggedIn, serve } = require('../support/harness')
const { unheard } = require('../support/no-secrets')

const ACTIONS = ['load', 'save', 'touch', 'destroy', 'regenerate']
const refOf = (id) => createHash('sha256').update(id).digest('hex').slice(0, 16)

let messages
const subscribers = ACTIONS.map((action) => [
  `express-session:${action}`,
  (message) => messages.push({ action, ...message })
])

afterEach(closeAll)

/** What was heard since the last time, as text. */
function heard() {
  return messages
    .splice(0)
    .map(({ action, ref, outcome }) => [action, outcome, ref].filter(Boolean).join(' '))
}

function fails(callback) {
  setImmediate(callback, new Error('down'))
}

describe('the diagnostics channels', () => {
  beforeEach(() => {
    messages = []
    for (const [name, subscriber] of subscribers) diagnostics.subscribe(name, subscriber)
  })

  afterEach(() => {
    for (const [name, subscriber] of subscribers) diagnostics.unsubscribe(name, subscriber)
  })

  it('tell of each action of a session, with its ref', async () => {
    const actions = {
      '/read': (req, res) => res.end(),
      '/write': (req, res) => res.end(String((req.session.n = 1))),
      '/reload': (req, res) => req.session.reload(() => res.end()),
      '/regenerate': (req, res) => req.session.regenerate(() => res.end()),
      '/destroy': (req, res) => req.session.destroy(() => res.end())
    }
    const { visit, cookie } = await loggedIn({}, (req, res) => actions[req.path](req, res))
    const one = refOf('id1')
    assert.deepEqual(heard(), ['load none', `save done ${one}`])

    await visit({ path: '/read', cookie })
    assert.deepEqual(heard(), [`load found ${one}`, `touch done ${one}`])
    await visit({ path: '/write', cookie })
    assert.deepEqual(heard(), [`load found ${one}`, `save done ${one}`])
    await visit({ path: '/reload', cookie })
    assert.deepEqual(heard(), [`load found ${one}`, `load found ${one}`, `touch done ${one}`])
    await visit({ path: '/regenerate', cookie })
    assert.deepEqual(heard(), [`load found ${one}`, `regenerate done ${one}`, `save done ${refOf('id2')}`])
    await visit({ path: '/destroy', cookie })
    assert.deepEqual(heard(), [`load unknown ${one}`, `destroy done ${refOf('id3')}`])
  })

  it('tell why there is no session', async () => {
    const { visit, store, cookie } = await loggedIn({ absoluteTimeout: 1000 }, (req, res) => res.end())
    heard()
    await visit()
    await visit({ cookie: cookie.slice(0, -3) + 'xyz' })
    const { now } = Date
    try {
      Date.now = () => now() + 1000
      await visit({ cookie })
    } finally {
      Date.now = now
    }
    assert.deepEqual(heard(), [
      'load none',
      'load forged',
      `destroy done ${refOf('id1')}`,
      `load expired ${refOf('id1')}`
    ])
    assert.deepEqual(store.sessions, {})
  })

  it('tell of errors', async () => {
    const { visit, store, cookie } = await loggedIn({}, (req, res) => {
      if (req.path === '/write') req.session.n = 1
      res.end()
    })
    heard()
    store.touch = (id, session, callback) => fails(callback)
    store.set = (id, session, callback) => fails(callback)
    await visit({ cookie })
    await visit({ path: '/write', cookie })
    store.get = (id, callback) => fails(callback)
    await visit({ cookie })
    assert.deepEqual(
      messages.map(({ action, outcome, error }) => [action, outcome, error?.message]),
      [
        ['load', 'found', undefined],
        ['touch', 'error', 'down'],
        ['load', 'found', undefined],
        ['save', 'error', 'down'],
        ['load', 'error', 'down']
      ]
    )
  })

  it('tell that a session was gone, and nothing was written', async () => {
    let destroy
    const { visit, cookie, store } = await loggedIn({}, async (req, res) => {
      if (req.path === '/leave') return req.session.destroy(() => res.end())
      req.session.n = 1
      await destroy()
      res.end()
    })
    destroy = () => visit({ path: '/leave', cookie })
    heard()
    await visit({ path: '/late', cookie })
    assert.equal(heard().at(-1), `save gone ${refOf('id1')}`)
    assert.deepEqual(store.sessions, {})
  })

  it('carry the store, the request and the duration in milliseconds', async () => {
    const { visit, store, cookie } = await loggedIn({}, (req, res) => res.end())
    messages = []
    await visit({ path: '/here', cookie })
    for (const message of messages) {
      assert.equal(message.store, store)
      assert.equal(message.req.url, '/here')
      assert.ok(message.duration >= 0 && message.duration < 60_000)
      assert.ok(!('error' in message))
    }
    assert.equal(messages.length, 2)
  })

  it('make nothing when nobody has subscribed', async () => {
    for (const [name, subscriber] of subscribers) diagnostics.unsubscribe(name, subscriber)
    const served = await serve({ store: new JsonStore() }, (req, res) => res.end())
    await unheard(() => {
      for (const [name] of subscribers) assert.equal(diagnostics.hasSubscribers(name), false)
      return served.visit()
    })
    assert.deepEqual(messages, [])
  })
})
