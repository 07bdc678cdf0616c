'use strict'

// With `encryption` the store holds nothing of a session's data that can be read, changed or put under another id; what it
// holds of before is read, and no change of keys logs anybody out.

const assert = require('node:assert/strict')
const crypto = require('node:crypto')
const fc = require('fast-check')
const { JsonStore, atTime, closeAll, serve, session, warningsDuring } = require('../support/harness')

const KEY = crypto.randomBytes(32)
const OTHER = crypto.randomBytes(32)

/** An app whose visitors log in, look at what the session has, and change it. */
function app(options) {
  return serve(options, async (req, res) => {
    const { pathname, searchParams } = new URL(req.url, 'http://localhost')
    if (pathname === '/login') Object.assign(req.session, { user: 'ada', nested: { list: [1, 'two', null] } })
    if (pathname === '/put') Object.assign(req.session, JSON.parse(searchParams.get('data')))
    if (pathname === '/save') await req.session.save()
    if (pathname === '/reload') await req.session.reload()
    const data = { ...req.session, cookie: undefined }
    res.json({ data, id: req.sessionID, reason: session.infoOf(req).reason })
  })
}

async function look(served, cookie, path = '/') {
  const { body, status } = await served.visit({ path, cookie })
  return status === 200 ? JSON.parse(body) : { status, body }
}

function put(data) {
  return `/put?data=${encodeURIComponent(JSON.stringify(data))}`
}

const ADA = { user: 'ada', nested: { list: [1, 'two', null] } }

describe('encryption', () => {
  afterEach(closeAll)

  describe('what the store is given', () => {
    it('has the cookie, and one text for all data', async () => {
      const store = new JsonStore()
      const served = await app({ store, encryption: KEY, cookie: { maxAge: 60_000 } })
      const { cookie } = await served.visit({ path: '/login' })
      const record = JSON.parse(store.sessions.id1)
      assert.deepEqual(Object.keys(record), ['cookie', 'sealed'])
      assert.equal(record.cookie.originalMaxAge, 60_000)
      assert.ok(Date.parse(record.cookie.expires) > Date.now())
      assert.doesNotMatch(store.sessions.id1, /ada|user|nested/)
      assert.match(record.sealed, /^[\w.-]+$/)
      assert.deepEqual(await look(served, cookie), { data: ADA, id: 'id1', reason: 'found' })
    })

    it('has what additions remember right behind the cookie', async () => {
      const store = new JsonStore()
      const served = await app({ store, encryption: KEY, absoluteTimeout: 60_000 })
      const { cookie } = await served.visit({ path: '/login' })
      const record = JSON.parse(store.sessions.id1)
      assert.deepEqual(Object.keys(record), ['cookie', '__session', 'sealed'])
      assert.equal(typeof record.__session.createdAt, 'number')
      assert.deepEqual((await look(served, cookie)).data, ADA)
    })

    it('looks like the session: with hidden id and req, and a cookie with its methods', async () => {
      const given = []
      const store = new JsonStore({
        set(sid, sess, callback) {
          given.push(sess)
          JsonStore.prototype.set.call(store, sid, sess, callback)
        },
        touch(sid, sess, callback) {
          given.push(sess)
          JsonStore.prototype.set.call(store, sid, sess, callback)
        }
      })
      const served = await app({ store, encryption: KEY, cookie: { maxAge: 60_000 } })
      const { cookie } = await served.visit({ path: '/login' })
      await look(served, cookie)
      assert.equal(given.length, 2)
      for (const sess of given) {
        assert.deepEqual(Object.keys(sess), ['cookie', 'sealed'])
        assert.equal(sess.id, 'id1')
        assert.equal(typeof sess.req, 'object')
        assert.ok(sess instanceof session.Session)
        assert.ok(sess.cookie.expires instanceof Date)
        assert.ok(sess.cookie.maxAge > 0)
        assert.equal(typeof sess.cookie.serialize, 'function')
        assert.equal(JSON.parse(JSON.stringify(sess)).sealed, sess.sealed)
      }
      assert.deepEqual((await look(served, cookie)).data, ADA, 'after a touch that wrote the whole session')
    })

    it('is another text each time, for the same data', async () => {
      const store = new JsonStore()
      const served = await app({ store, encryption: KEY })
      const { cookie } = await served.visit({ path: '/login' })
      const texts = new Set()
      for (let i = 0; i < 50; i++) {
        await look(served, cookie, '/save')
        texts.add(JSON.parse(store.sessions.id1).sealed)
      }
      assert.equal(texts.size, 50)
    })

    it('is nothing new where a session was only read', async () => {
      const store = new JsonStore()
      const served = await app({ store, encryption: KEY })
      const { cookie } = await served.visit({ path: '/login' })
      store.takeCalls()
      await look(served, cookie)
      assert.deepEqual(store.takeCalls(), ['get id1', 'touch id1'])
    })
  })

  describe('what the app gets', () => {
    it('is its data, whatever they are named', async () => {
      const served = await app({ encryption: KEY, store: new JsonStore() })
      const data = {
        sealed: 'by hand',
        __session: 'text',
        version: 1,
        'A256GCM.1.': true,
        '': 'empty',
        nested: { cookie: 1, __session: 2 },
        list: [null, 'ä€😀']
      }
      const { cookie } = await served.visit({ path: put(data) })
      const { data: found } = await look(served, cookie)
      assert.deepEqual(found, data)
    })

    it('is any JSON', async () => {
      const served = await app({ encryption: KEY, store: new JsonStore() })
      const { cookie } = await served.visit({ path: '/login' })
      await fc.assert(
        fc.asyncProperty(fc.jsonValue({ maxDepth: 3 }), async (value) => {
          await look(served, cookie, put({ value }))
          const { data } = await look(served, cookie)
          assert.equal(JSON.stringify(data.value), JSON.stringify(value))
        }),
        { numRuns: 60 }
      )
    })

    it('comes from store.get, save and reload alike', async () => {
      const store = new JsonStore()
      const served = await app({ encryption: KEY, store })
      const { cookie } = await served.visit({ path: '/login' })
      assert.deepEqual((await look(served, cookie, '/save')).data, ADA)
      assert.deepEqual((await look(served, cookie, '/reload')).data, ADA)
    })

    it('is an error for data that JSON cannot hold, as without encryption', async () => {
      const messages = []
      for (const encryption of [undefined, KEY]) {
        const store = new JsonStore()
        const served = await serve({ store, encryption }, async (req, res) => {
          req.session.big = 1n
          await req.session.save()
          res.end()
        })
        const { status, body } = await served.visit()
        assert.equal(status, 500)
        assert.deepEqual(store.sessions, {})
        messages.push(body)
      }
      assert.equal(messages[0], messages[1])
    })

    it('is an error of save() for such data, and of the end of the response', async () => {
      const { visit, errors } = await serve({ encryption: KEY, store: new JsonStore() }, async (req, res) => {
        req.session.n = 1n
        await assert.rejects(req.session.save(), TypeError)
        res.end('answered')
      })
      assert.equal((await visit()).body, 'answered')
      assert.match(errors[0].message, /BigInt/)
    })

    it('is what the toJSON of the session says', async () => {
      const store = new JsonStore()
      const served = await serve({ store, encryption: KEY }, (req, res) => {
        if (req.url === '/login') {
          Object.defineProperty(req.session, 'toJSON', {
            value() {
              return { cookie: this.cookie, said: 'this' }
            }
          })
          req.session.user = 'ada'
          res.end()
        } else res.json(req.session)
      })
      const { cookie } = await served.visit({ path: '/login' })
      assert.deepEqual(Object.keys(JSON.parse(store.sessions.id1)), ['cookie', 'sealed'])
      assert.equal(JSON.parse((await served.visit({ cookie })).body).said, 'this')
    })
  })

  describe('what is not as it was', () => {
    /** Changes what is stored of ada, and sees that it is no session then, and comes back with what was there. */
    async function isNoSession(served, store, cookie, change) {
      const before = store.sessions.id1
      const record = JSON.parse(before)
      change(record)
      store.sessions.id1 = JSON.stringify(record)
      const seen = await look(served, cookie)
      assert.deepEqual(seen.data, {}, JSON.stringify(record))
      assert.equal(seen.reason, 'unknown')
      assert.notEqual(seen.id, 'id1')
      store.sessions.id1 = before
    }

    let served, store, cookie
    beforeEach(async () => {
      store = new JsonStore()
      served = await app({ store, encryption: [KEY, OTHER] })
      ;({ cookie } = await served.visit({ path: '/login' }))
    })
    afterEach(async () => {
      assert.deepEqual((await look(served, cookie)).data, ADA)
      assert.deepEqual(served.errors, [])
    })

    it('is no session: any flipped bit', async () => {
      const { length } = JSON.parse(store.sessions.id1).sealed
      await fc.assert(
        fc.asyncProperty(fc.nat(length - 1), fc.nat(7), (at, bit) =>
          isNoSession(served, store, cookie, (record) => {
            const code = record.sealed.charCodeAt(at) ^ (1 << bit)
            record.sealed =
              record.sealed.slice(0, at) + String.fromCharCode(code) + record.sealed.slice(at + 1)
          })
        ),
        { numRuns: 300 }
      )
    })

    it('is no session: any flipped bit of the six that a letter stands for, also of one that no byte has', async () => {
      const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
      const { length } = JSON.parse(store.sessions.id1).sealed
      await fc.assert(
        fc.asyncProperty(fc.nat(length - 1), fc.nat(5), (at, bit) =>
          isNoSession(served, store, cookie, (record) => {
            const flipped = letters[letters.indexOf(record.sealed[at]) ^ (1 << bit)]
            record.sealed = record.sealed.slice(0, at) + flipped + record.sealed.slice(at + 1)
          })
        ),
        { numRuns: 300 }
      )
    })

    it('is no session: any flipped bit of the bytes behind the text', async () => {
      const [mark, version, text] = JSON.parse(store.sessions.id1).sealed.split('.')
      const { length } = Buffer.from(text, 'base64url')
      await fc.assert(
        fc.asyncProperty(fc.nat(length - 1), fc.nat(7), (at, bit) =>
          isNoSession(served, store, cookie, (record) => {
            const bytes = Buffer.from(text, 'base64url')
            bytes[at] ^= 1 << bit
            record.sealed = [mark, version, bytes.toString('base64url')].join('.')
          })
        ),
        { numRuns: 200 }
      )
    })

    it('is no session: any truncated text, any longer one, any other', async () => {
      const { sealed } = JSON.parse(store.sessions.id1)
      const others = fc.oneof(
        fc.nat(sealed.length - 1).map((length) => sealed.slice(0, length)),
        fc.string({ minLength: 1 }).map((more) => sealed + more),
        fc.string({ minLength: 1 }).map((more) => more + sealed),
        fc.string(),
        fc.base64String().map((text) => 'A256GCM.1.' + text)
      )
      await fc.assert(
        fc.asyncProperty(others, (text) =>
          isNoSession(served, store, cookie, (record) => {
            record.sealed = text
          })
        ),
        { numRuns: 300 }
      )
    })

    it('is no session: any swapped record', async () => {
      const visitors = []
      for (let i = 0; i < 8; i++) visitors.push((await look(served, undefined, put({ number: i }))).id)
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...visitors), fc.boolean(), (other, isWhole) =>
          isNoSession(served, store, cookie, (record) => {
            const swapped = JSON.parse(store.sessions[other])
            if (isWhole) Object.assign(record, swapped)
            else record.sealed = swapped.sealed
          })
        )
      )
    })

    it('is no session where the option is off, and what an app itself has named so is', async () => {
      const { visit, errors } = await serve({ store, genid: () => 'other' }, (req, res) => {
        if (req.path === '/put') req.session.sealed = 'A256GCM.1.mine'
        res.json(req.session.sealed ?? null)
      })
      assert.equal((await visit({ cookie })).body, 'null')
      const own = await visit({ path: '/put' })
      assert.equal((await visit({ cookie: own.cookie })).body, '"A256GCM.1.mine"')
      assert.deepEqual(errors, [])
    })

    it('is no session: a damaged record to which the store has added something', () =>
      isNoSession(served, store, cookie, (record) => {
        record.sealed = 'B' + record.sealed.slice(1)
        record.__lastAccess = Date.now()
      }))

    it('adds no data: what lies beside the sealed text', async () => {
      const record = JSON.parse(store.sessions.id1)
      store.sessions.id1 = JSON.stringify({ ...record, isAdmin: true, __lastAccess: 1, user: 'eve' })
      assert.deepEqual((await look(served, cookie)).data, ADA)
    })

    it('is said once, as a process warning', async () => {
      const codes = await warningsDuring(async () => {
        for (let i = 0; i < 3; i++) {
          await isNoSession(served, store, cookie, (record) => {
            record.sealed = record.sealed.slice(0, -1)
          })
        }
      })
      assert.deepEqual(codes, ['EXPRESS_SESSION_CANNOT_BE_OPENED'])
    })

    it('is left as it is, and said once, where it has another key: whoever has that may still read it', async () => {
      const before = store.sessions.id1
      const stranger = await app({ store, encryption: crypto.randomBytes(32), genid: () => 'another' })
      const codes = await warningsDuring(async () => {
        for (let i = 0; i < 2; i++) {
          const seen = await look(stranger, cookie, put({ fresh: true }))
          assert.deepEqual(seen, { data: { fresh: true }, id: 'another', reason: 'unknown' })
        }
      })
      assert.deepEqual([codes, stranger.errors], [['EXPRESS_SESSION_CANNOT_BE_OPENED'], []])
      assert.equal(store.sessions.id1, before)
    })

    it('is an error, not a crash, where the store has lost the cookie', async () => {
      const before = store.sessions.id1
      store.sessions.id1 = JSON.stringify({ sealed: JSON.parse(before).sealed })
      const { status } = await look(served, cookie)
      assert.equal(status, 500)
      assert.match(served.errors.pop().message, /expires/)
      store.sessions.id1 = before
    })
  })

  describe('what was stored before', () => {
    it('is read when it is plain, and sealed with its next save', async () => {
      const store = new JsonStore()
      const plain = await app({ store })
      const { cookie } = await plain.visit({ path: put({ user: 'ada', sealed: 'by hand' }) })
      const served = await app({ store, encryption: KEY })
      assert.deepEqual((await look(served, cookie)).data, { user: 'ada', sealed: 'by hand' })
      assert.match(store.sessions.id1, /ada/, 'it was only read')
      await look(served, cookie, put({ more: 1 }))
      assert.deepEqual(Object.keys(JSON.parse(store.sessions.id1)), ['cookie', 'sealed'])
      assert.deepEqual((await look(served, cookie)).data, { user: 'ada', sealed: 'by hand', more: 1 })
    })

    it('is read when it is plain and has a `sealed` that is no text', async () => {
      const store = new JsonStore()
      const plain = await app({ store })
      const { cookie } = await plain.visit({ path: put({ sealed: true }) })
      const served = await app({ store, encryption: KEY })
      assert.deepEqual((await look(served, cookie)).data, { sealed: true })
    })

    it('is no session while encryption is off, is said once, and is there again with it', async () => {
      const store = new JsonStore()
      const served = await app({ store, encryption: KEY })
      const { cookie } = await served.visit({ path: '/login' })
      const before = store.sessions.id1
      const off = await app({ store, genid: () => 'another' })
      const codes = await warningsDuring(async () => {
        for (let i = 0; i < 2; i++) {
          const seen = await look(off, cookie, put({ fresh: i }))
          assert.deepEqual(seen, { data: { fresh: i }, id: 'another', reason: 'unknown' })
        }
      })
      assert.deepEqual(codes, ['EXPRESS_SESSION_CANNOT_BE_OPENED'])
      assert.equal(store.sessions.id1, before)
      assert.deepEqual((await look(served, cookie)).data, ADA)
    })

    it('is data like any other while encryption is off: a `sealed` of the app', async () => {
      const served = await app({ store: new JsonStore() })
      const { cookie } = await served.visit({ path: put({ sealed: 'by hand' }) })
      assert.deepEqual((await look(served, cookie)).data, { sealed: 'by hand' })
    })
  })

  describe('a change of keys', () => {
    it('has all keys open, and the first seal at the next save', async () => {
      const store = new JsonStore()
      const { cookie } = await (await app({ store, encryption: KEY })).visit({ path: '/login' })

      const both = await app({ store, encryption: [OTHER, KEY] })
      assert.deepEqual((await look(both, cookie)).data, ADA)
      const stranger = await app({ store, encryption: OTHER, genid: () => 'another' })
      assert.equal((await look(stranger, cookie)).reason, 'unknown', 'it was only read')

      await look(both, cookie, put({ more: 1 }))
      const last = await app({ store, encryption: [OTHER] })
      assert.deepEqual((await look(last, cookie)).data, { ...ADA, more: 1 })
    })

    it('logs nobody out, under load, in processes that change one after the other', async () => {
      const store = new JsonStore()
      const steps = [[KEY], [KEY, OTHER], [OTHER, KEY], [OTHER]]
      const apps = []
      for (const encryption of steps) apps.push(await app({ store, encryption, genid: crypto.randomUUID }))
      const processes = [apps[0], apps[0], apps[0]]

      const visitors = await Promise.all(
        Array.from({ length: 20 }, async (_, number) => ({
          number,
          count: 0,
          cookie: (await processes[0].visit({ path: put({ number, count: 0 }) })).cookie
        }))
      )
      let isOver = false
      let requests = 0
      const load = visitors.map(async (visitor) => {
        while (!isOver) {
          const process = processes[requests++ % processes.length]
          const { data, reason } = await look(process, visitor.cookie, put({ count: ++visitor.count }))
          assert.deepEqual([reason, data.number, data.count], ['found', visitor.number, visitor.count])
        }
      })
      const some = async () => {
        const enough = requests + 60
        while (requests < enough) await Promise.race([new Promise(setImmediate), Promise.all(load)])
      }
      for (const served of apps) {
        for (let i = 0; i < processes.length; i++) {
          await some()
          processes[i] = served
        }
      }
      await some()
      isOver = true
      await Promise.all(load)
    })
  })

  describe('kinds of stores', () => {
    /** As connect-mongo with `stringify: false`, and DynamoDB's: members, each as it is, and the cookie by its toJSON. */
    class ObjectStore extends session.Store {
      documents = new Map()

      async get(sid) {
        const document = this.documents.get(sid)
        return document && structuredClone(document)
      }

      async set(sid, sess) {
        const document = {}
        for (const key in sess) document[key] = key === 'cookie' ? sess.cookie.toJSON() : sess[key]
        this.documents.set(sid, structuredClone(document))
      }

      async touch(sid, sess) {
        const document = this.documents.get(sid)
        if (document) document.cookie = structuredClone(sess.cookie.toJSON())
      }

      async destroy(sid) {
        this.documents.delete(sid)
      }
    }

    for (const [title, make, encoded] of [
      ['a store that keeps objects', () => new ObjectStore(), (store) => [...store.documents.values()]],
      [
        'MemoryStore',
        () => new session.MemoryStore(),
        (store) => Object.values(store.sessions).map(JSON.parse)
      ]
    ]) {
      it(`works with ${title}`, async () => {
        const store = make()
        const served = await app({ store, encryption: KEY, cookie: { maxAge: 60_000 } })
        const { cookie } = await served.visit({ path: '/login' })
        await look(served, cookie)
        assert.deepEqual((await look(served, cookie, put({ more: 1 }))).data, { ...ADA, more: 1 })
        assert.deepEqual((await look(served, cookie)).data, { ...ADA, more: 1 })
        for (const record of encoded(store)) assert.deepEqual(Object.keys(record), ['cookie', 'sealed'])
      })
    }

    it('works with MemoryStore: save, touch, reload, regenerate, destroy, expiry', async () => {
      const store = new session.MemoryStore()
      const options = { store, encryption: KEY, cookie: { maxAge: 60_000 } }
      const { visit } = await serve(options, async (req, res) => {
        if (req.path === '/login') req.session.user = 'ada'
        if (req.path === '/reload') await req.session.reload()
        if (req.path === '/regenerate') await req.session.regenerate()
        if (req.path === '/destroy') await req.session.destroy()
        res.end(String(req.session?.user))
      })
      const { cookie } = await visit({ path: '/login' })
      assert.equal((await visit({ path: '/reload', cookie })).body, 'ada')
      const later = Date.now() + 61_000
      assert.equal(
        atTime(later, () => Object.keys(store.sessions).length),
        1
      )
      assert.equal((await visit({ path: '/regenerate', cookie })).body, 'undefined')
      assert.equal((await visit({ path: '/destroy', cookie })).body, 'undefined')
    })

    it('works with a store that the app has given the request', async () => {
      const store = new JsonStore()
      const served = await serve({ store: new JsonStore(), encryption: KEY }, async (req, res) => {
        req.sessionStore = store
        req.session.user = 'ada'
        await req.session.save()
        res.end()
      })
      await served.visit()
      assert.deepEqual(Object.keys(JSON.parse(store.sessions.id1)), ['cookie', 'sealed'])
    })
  })

  describe('keys', () => {
    const text = KEY.toString('base64')
    for (const [title, key] of [
      ['a Buffer', KEY],
      ['a Uint8Array', new Uint8Array(KEY)],
      ['64 hex characters', KEY.toString('hex')],
      ['64 hex characters in capitals', KEY.toString('hex').toUpperCase()],
      ['44 base64 characters', text],
      ['43 base64 characters', text.slice(0, 43)],
      ['43 base64url characters', KEY.toString('base64url')],
      ['44 base64url characters', KEY.toString('base64url') + '=']
    ]) {
      it(`may be ${title}, alone or in an array`, async () => {
        const store = new JsonStore()
        const { cookie } = await (await app({ store, encryption: KEY })).visit({ path: '/login' })
        for (const encryption of [key, [OTHER, key]]) {
          const seen = await look(await app({ store, encryption }), cookie)
          assert.deepEqual(seen, { data: ADA, id: 'id1', reason: 'found' })
        }
      })
    }

    const secretText = 'correct horse battery staple'
    for (const [title, encryption, message = /^encryption option (array )?must /] of [
      ['text of another length', secretText],
      ['text of 64 characters that are not hex', secretText.padEnd(64, '!')],
      ['text of 44 characters that are not base64', secretText.padEnd(44, '!')],
      ['no text', ''],
      ['31 bytes', Buffer.alloc(31, 'c')],
      ['an array of 32 numbers', [...KEY]],
      ['no key at all', [], /^encryption option array must contain/],
      ['a key that is not set', [undefined]],
      ['null', null],
      ['a number', 42],
      ['a good key and a bad one', [KEY, secretText]]
    ]) {
      it(`are a TypeError of session() that names the option, and does not show them: ${title}`, () => {
        const make = () =>
          session({ secret: 'a secret', resave: false, saveUninitialized: false, encryption })
        assert.throws(make, (error) => {
          assert.ok(error instanceof TypeError)
          assert.match(error.message, message)
          assert.doesNotMatch(error.message, /correct|horse|!!|cc|42/)
          return true
        })
      })
    }
  })
})
