'use strict'

// With the option `encryption` a store holds nothing that can be read, and nothing of it opens where it does not belong.

const assert = require('node:assert/strict')
const { randomBytes } = require('node:crypto')
const fc = require('fast-check')
const { JsonStore, atTime, closeAll, loggedIn, serve, session, usual } = require('../support/harness')
const { MemoryStore } = session

const KEY = randomBytes(32)
const NEWER = randomBytes(32)

const show = (req, res) => res.end(JSON.stringify([req.session.user, session.infoOf(req).reason]))
const shown = async (visit, cookie) => JSON.parse((await visit({ cookie })).body)

afterEach(closeAll)

describe('encryption', () => {
  it('leaves the cookie readable, and seals the rest', async () => {
    const { store, visit, cookie } = await loggedIn({ encryption: KEY }, show)
    const stored = JSON.parse(store.sessions.id1)
    assert.deepEqual(Object.keys(stored), ['cookie', 'sealed'])
    assert.doesNotMatch(store.sessions.id1, /ada/)
    assert.deepEqual(await shown(visit, cookie), ['ada', 'found'])
  })

  it('leaves what additions remember behind the cookie', async () => {
    const { store } = await loggedIn({ encryption: KEY, absoluteTimeout: 60_000 }, show)
    assert.deepEqual(Object.keys(JSON.parse(store.sessions.id1)), ['cookie', '__session', 'sealed'])
  })

  it('gives stores what looks like a session', async () => {
    const given = []
    class Store extends JsonStore {
      set(sid, data, callback) {
        given.push(data)
        super.set(sid, data, callback)
      }

      touch(sid, data, callback) {
        given.push(data)
        super.touch(sid, data, callback)
      }
    }
    const { visit, cookie } = await loggedIn({ encryption: KEY, store: new Store() }, show)
    await visit({ cookie })
    assert.equal(given.length, 2)
    for (const data of given) {
      assert.deepEqual(Object.keys(data), ['cookie', 'sealed'])
      assert.deepEqual(
        [data.id, typeof data.req, typeof data.cookie.serialize],
        ['id1', 'object', 'function']
      )
      assert.equal(JSON.parse(JSON.stringify(data)).sealed, data.sealed)
      assert.ok(data instanceof session.Session)
    }
  })

  for (const [name, key] of Object.entries({
    'hex text': KEY.toString('hex'),
    'base64 text': KEY.toString('base64'),
    'base64url text': KEY.toString('base64url'),
    'a Uint8Array': new Uint8Array(KEY),
    'the last of several': [NEWER, KEY]
  })) {
    it(`reads with ${name} what the key has sealed`, async () => {
      const { store, cookie } = await loggedIn({ encryption: KEY }, show)
      const { visit } = await serve({ store, encryption: key }, show)
      assert.deepEqual(await shown(visit, cookie), ['ada', 'found'])
    })
  }

  it('reads what was stored plainly, and seals it with the next save', async () => {
    const { store, cookie } = await loggedIn({}, show)
    const { visit } = await serve({ store, encryption: KEY }, (req, res) => {
      if (req.path === '/write') req.session.n = 1
      show(req, res)
    })
    assert.deepEqual(await shown(visit, cookie), ['ada', 'found'])
    assert.match(store.sessions.id1, /ada/)
    await visit({ path: '/write', cookie })
    assert.doesNotMatch(store.sessions.id1, /ada/)
    assert.deepEqual(await shown(visit, cookie), ['ada', 'found'])
  })

  it('seals anew by the first key, with the next save', async () => {
    const { store, cookie } = await loggedIn({ encryption: KEY }, show)
    const write = (req, res) => res.end(String((req.session.n = 1)))
    await (await serve({ store, encryption: [NEWER, KEY] }, write)).visit({ cookie })
    const { visit } = await serve({ store, encryption: NEWER }, show)
    assert.deepEqual(await shown(visit, cookie), ['ada', 'found'])
  })

  it('takes what no key opens for no session, and says so once', async () => {
    const { store, cookie } = await loggedIn({ encryption: KEY }, show)
    const warnings = []
    const listener = (warning) => warnings.push(warning.code)
    process.on('warning', listener)
    const { visit, errors } = await serve({ store, encryption: NEWER, genid: undefined }, show)
    assert.deepEqual(await shown(visit, cookie), [null, 'unknown'])
    assert.deepEqual(await shown(visit, cookie), [null, 'unknown'])
    process.off('warning', listener)
    assert.deepEqual([warnings, errors], [['EXPRESS_SESSION_CANNOT_BE_OPENED'], []])
  })

  it('keeps data of any name, also of those that it uses itself', async () => {
    const data = { sealed: 'mine', nested: { cookie: 1, __session: 2 }, list: [null, 'ä€😀'] }
    const { visit } = await serve({ encryption: KEY, store: new JsonStore() }, (req, res) => {
      if (req.path === '/write') Object.assign(req.session, data)
      res.end(JSON.stringify({ ...req.session, cookie: undefined }))
    })
    const { cookie } = await visit({ path: '/write' })
    assert.deepEqual(JSON.parse((await visit({ cookie })).body), data)
  })

  it('reads plain data that have a member named sealed', async () => {
    const { store, visit, cookie } = await loggedIn({ encryption: KEY }, (req, res) =>
      res.end(JSON.stringify([req.session.user, req.session.sealed]))
    )
    const { cookie: plain } = JSON.parse(store.sessions.id1)
    store.sessions.id1 = JSON.stringify({ cookie: plain, user: 'ada', sealed: 'envelope' })
    assert.equal((await visit({ cookie })).body, '["ada","envelope"]')
  })

  it('reports data that JSON cannot hold as ever', async () => {
    const { visit, errors } = await serve({ encryption: KEY, store: new JsonStore() }, async (req, res) => {
      req.session.n = 1n
      await assert.rejects(req.session.save(), TypeError)
      res.end('answered')
    })
    assert.equal((await visit()).body, 'answered')
    assert.match(errors[0].message, /BigInt/)
  })

  it('works with MemoryStore: save, touch, reload, regenerate, destroy, expiry', async () => {
    const store = Object.assign(new MemoryStore(), { takeCalls() {} })
    const { visit, cookie } = await loggedIn(
      { store, encryption: KEY, cookie: { maxAge: 60_000 } },
      async (req, res) => {
        if (req.path === '/reload') await req.session.reload()
        if (req.path === '/regenerate') await req.session.regenerate()
        if (req.path === '/destroy') await req.session.destroy()
        res.end(String(req.session?.user))
      }
    )
    assert.equal((await visit({ path: '/reload', cookie })).body, 'ada')
    const later = Date.now() + 61_000
    assert.equal(
      atTime(later, () => Object.keys(store.sessions).length),
      1
    )
    assert.equal((await visit({ path: '/regenerate', cookie })).body, 'undefined')
    assert.equal((await visit({ path: '/destroy', cookie })).body, 'undefined')
  })

  it('takes any flipped bit, any swapped and any shortened record for no session', async () => {
    const { store, visit, cookie, errors } = await loggedIn({ encryption: KEY }, show)
    const { cookie: another } = await visit({ path: '/login' })
    assert.ok(another)
    const [one, two] = [store.sessions.id1, store.sessions.id2]
    const { cookie: plain, sealed } = JSON.parse(one)
    const put = (text) => (store.sessions.id1 = JSON.stringify({ cookie: plain, sealed: text }))

    store.sessions.id1 = two
    assert.deepEqual(await shown(visit, cookie), [null, 'unknown'])

    const isNone = async (text) => {
      put(text)
      assert.deepEqual(await shown(visit, cookie), [null, 'unknown'])
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length * 6 - 1), (place) => {
        const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
        const at = Math.floor(place / 6)
        const flipped = alphabet[alphabet.indexOf(sealed[at]) ^ (1 << (place % 6))]
        return isNone(sealed.slice(0, at) + flipped + sealed.slice(at + 1))
      }),
      { numRuns: 300 }
    )
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length - 1), (length) => isNone(sealed.slice(0, length))),
      { numRuns: 100 }
    )
    await fc.assert(fc.asyncProperty(fc.string(), isNone), { numRuns: 100 })
    assert.deepEqual(errors, [])
    store.sessions.id1 = one
    assert.deepEqual(await shown(visit, cookie), ['ada', 'found'])
  })

  it('rotates keys under load, and nobody is logged out', async () => {
    const store = new JsonStore()
    const count = (req, res) => res.end(String((req.session.n = (req.session.n ?? 0) + 1)))
    const rings = [KEY, [KEY, NEWER], [NEWER, KEY], NEWER]
    const served = []
    for (const encryption of rings) served.push(await serve({ store, encryption, genid: undefined }, count))
    const visitors = []
    for (let i = 0; i < 20; i++) visitors.push((await served[0].visit()).cookie)
    for (const { visit } of served) {
      const seen = await Promise.all(visitors.map(async (cookie) => (await visit({ cookie })).body))
      assert.equal(new Set(seen).size, 1)
    }
    for (const cookie of visitors) assert.equal((await served[3].visit({ cookie })).body, '6')
  })

  for (const [name, encryption] of Object.entries({
    'a short key': KEY.subarray(1),
    'short text': 'secret password',
    'a number': 5,
    null: null,
    'a wrong one among others': [KEY, 'secret password']
  })) {
    it(`refuses ${name} in words that do not tell it`, () => {
      assert.throws(
        () => session({ ...usual, encryption }),
        ({ name: type, message }) =>
          type === 'TypeError' && /^encryption option/.test(message) && !/password/.test(message)
      )
    })
  }

  it('refuses an empty ring', () => {
    assert.throws(() => session({ ...usual, encryption: [] }), /encryption option array must contain/)
  })
})
