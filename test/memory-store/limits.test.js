'use strict'

// A MemoryStore with `max` never holds more sessions than that: the least recently used end first, and the app is told once.

const assert = require('node:assert/strict')
const util = require('node:util')
const fc = require('fast-check')
const { atTime, closeAll, pause, serve, session, warningsDuring } = require('../support/harness')

const { Cookie, MemoryStore } = session
const sessionFor = (maxAge, data = { user: 'ada' }) => ({ cookie: new Cookie({ maxAge }), ...data })
const call = (store, method, ...args) => util.promisify(store[method]).call(store, ...args)
const ignore = () => {}
const idsOf = (store) => Object.keys(store.sessions)

/** A store with sessions named by letters, the first one being the least recently used. */
function storeOf(letters, options, maxAge = 60_000) {
  const store = new MemoryStore(options)
  for (const letter of letters) store.set(letter, sessionFor(maxAge))
  return store
}

/** Keeps the warnings of these tests from being printed. */
function withoutPrinting() {
  let printers
  before(() => {
    printers = process.listeners('warning')
    process.removeAllListeners('warning')
  })
  after(() => printers.forEach((printer) => process.on('warning', printer)))
}

describe('a MemoryStore with max', () => {
  withoutPrinting()

  it('holds at most so many sessions', async () => {
    const store = new MemoryStore({ max: 10 })
    for (let i = 0; i < 100; i++) {
      store.set('id' + i, sessionFor(60_000))
      assert.ok(idsOf(store).length <= 10)
    }
    assert.equal(await call(store, 'length'), 10)
    assert.equal(idsOf(store)[0], 'id90')
  })

  it('lets the one go that was stored first, if none was used since', () => {
    const store = storeOf('abcd', { max: 3 })
    assert.deepEqual(idsOf(store), ['b', 'c', 'd'])
  })

  const uses = {
    get: (store) => store.get('a', ignore),
    set: (store) => store.set('a', sessionFor(60_000)),
    touch: (store) => store.touch('a', sessionFor(120_000)),
    'an update that changes nothing': (store) => store.update('a', () => undefined),
    'an edit by hand': (store) => (store.sessions.a = JSON.stringify(sessionFor(60_000)))
  }
  for (const [name, use] of Object.entries(uses)) {
    it(`counts ${name} as a use`, () => {
      const store = storeOf('abc', { max: 3 })
      use(store)
      store.set('d', sessionFor(60_000))
      assert.deepEqual(idsOf(store).sort(), ['a', 'c', 'd'])
    })
  }

  it('counts a touch as a use, also where there is no idle timeout to restart', () => {
    const store = storeOf('abc', { max: 3 }, null)
    store.touch('a', sessionFor(null))
    store.set('d', sessionFor(null))
    assert.deepEqual(idsOf(store).sort(), ['a', 'c', 'd'])
  })

  it('does not count looking at all of them, or at their number, as a use', async () => {
    const store = storeOf('abc', { max: 3 })
    store.get('a', ignore)
    await call(store, 'all')
    await call(store, 'length')
    store.set('d', sessionFor(60_000))
    assert.deepEqual(idsOf(store).sort(), ['a', 'c', 'd'])
  })

  const userUses = {
    get: (store) => store.get('a', ignore),
    set: (store, session) => store.set('a', session),
    touch: (store, session) => store.touch('a', { ...session, cookie: new Cookie({ maxAge: 120_000 }) }),
    update: (store) => store.update('a', () => undefined)
  }
  for (const [name, use] of Object.entries(userUses)) {
    it(`counts ${name} of a session that is a user's as a use of the user's record`, () => {
      const store = new MemoryStore({ max: 4 })
      const session = sessionFor(60_000, { __session: { user: 'user-ada' } })
      store.set('user-ada', sessionFor(60_000, { sessions: [] }))
      store.set('a', session)
      store.set('b', sessionFor(60_000))
      store.set('c', sessionFor(60_000))
      use(store, session)
      store.set('d', sessionFor(60_000))
      store.set('e', sessionFor(60_000))
      assert.deepEqual(idsOf(store).sort(), ['a', 'd', 'e', 'user-ada'])
      store.set('f', sessionFor(60_000))
      // The session goes before its record.
      assert.deepEqual(idsOf(store).sort(), ['d', 'e', 'f', 'user-ada'])
    })
  }

  it('does not count asking for sessions that it does not have', () => {
    const store = storeOf('abc', { max: 3 })
    for (const id of ['x', 'y', 'z', '__proto__']) {
      store.get(id, ignore)
      store.touch(id, sessionFor(60_000))
    }
    assert.deepEqual(idsOf(store), ['a', 'b', 'c'])
  })

  it('has room again for each that is destroyed, or deleted by hand', () => {
    const store = storeOf('abc', { max: 3 })
    store.destroy('b')
    delete store.sessions.c
    store.set('d', sessionFor(60_000))
    store.set('e', sessionFor(60_000))
    assert.deepEqual(idsOf(store), ['a', 'd', 'e'])
  })

  it('lets the expired go before those that live', () => {
    const store = new MemoryStore({ max: 3 })
    const now = Date.now()
    atTime(now, () => {
      store.set('living', sessionFor(3600_000))
      store.set('expired', sessionFor(1000))
      store.set('living too', sessionFor(3600_000))
    })
    atTime(now + 60_000, () => (store.sessions.new = JSON.stringify(sessionFor(3600_000))))
    assert.deepEqual(idsOf(store), ['living', 'living too', 'new'])
  })

  it('keeps the limit for sessions that are put there by hand, one by one or all at once', async () => {
    const store = new MemoryStore({ max: 3 })
    for (const id of 'abcd') store.sessions[id] = JSON.stringify(sessionFor(60_000))
    assert.deepEqual(idsOf(store), ['b', 'c', 'd'])

    store.sessions = Object.fromEntries([...'efghi'].map((id) => [id, JSON.stringify(sessionFor(60_000))]))
    assert.equal(await call(store, 'length'), 3)
    assert.deepEqual(idsOf(store), ['g', 'h', 'i'])
  })

  it('keeps the limit when it is cleared', async () => {
    const store = storeOf('abcd', { max: 3 })
    await call(store, 'clear')
    for (const id of 'efgh') store.set(id, sessionFor(60_000))
    assert.deepEqual(idsOf(store), ['f', 'g', 'h'])
  })

  it('works with a limit of one', () => {
    assert.deepEqual(idsOf(storeOf('abca', { max: 1 })), ['a'])
  })

  it('does what a model of it does, whatever is asked in whatever order', () => {
    // Time goes in steps in which all that expires is found: by slots of five seconds.
    const STEP = 10_000
    const start = Math.ceil(Date.now() / 5000) * 5000
    const id = fc.constantFrom(...'abcdefgh')
    const steps = fc.option(fc.integer({ min: 1, max: 20 }), { nil: null })
    const command = fc.oneof(
      fc.record({ method: fc.constantFrom('set', 'touch', 'byHand'), id, steps }),
      fc.record({ method: fc.constantFrom('get', 'destroy', 'delete'), id }),
      fc.record({ method: fc.constantFrom('get', 'set'), id, steps }),
      fc.constant({ method: 'wait' }),
      fc.record({ method: fc.constantFrom('clear', 'length', 'all') })
    )
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(command, { maxLength: 80 }), (max, commands) => {
        let now = start
        const store = new MemoryStore({ max })
        /** When those that live expire, by id; the least recently used first. */
        const model = new Map()
        const put = (id, expiry) => {
          model.delete(id)
          model.set(id, expiry)
          if (model.size > max) model.delete(model.keys().next().value)
        }
        for (const { method, id, steps } of commands) {
          const expiry = steps ? now + steps * STEP - 1 : Infinity
          const made = () => ({ cookie: { expires: steps ? new Date(expiry) : null } })
          if (method === 'wait') now += STEP
          for (const [id, expiry] of model) if (expiry <= now) model.delete(id)
          atTime(now, () => {
            if (method === 'byHand') store.sessions[id] = JSON.stringify(made())
            else if (method === 'delete') delete store.sessions[id]
            else if (method === 'set' || method === 'touch') store[method](id, made())
            else if (method === 'get') store.get(id, ignore)
            else if (method === 'destroy') store.destroy(id)
            else if (method !== 'wait') store[method](ignore)
          })
          if (method === 'set' || method === 'byHand' || (method === 'touch' && model.has(id)))
            put(id, expiry)
          if (method === 'get' && model.has(id)) put(id, model.get(id))
          if (method === 'destroy' || method === 'delete') model.delete(id)
          if (method === 'clear') model.clear()

          const held = Object.entries(store.sessions)
          assert.ok(held.length <= max)
          const living = held.filter(([, text]) => {
            const { expires } = JSON.parse(text).cookie
            return !expires || Date.parse(expires) > now
          })
          assert.deepEqual(living.map(([id]) => id).sort(), [...model.keys()].sort())
        }
      })
    )
  })
})

describe('a visitor of an app whose MemoryStore is full', () => {
  withoutPrinting()
  afterEach(closeAll)

  it('keeps the session by coming back, and loses it by staying away', async () => {
    const { visit } = await serve({ store: new MemoryStore({ max: 3 }) }, (req, res) => {
      req.session.user ??= req.url
      res.end(req.session.user)
    })
    const ada = await visit({ path: '/ada' })
    const eve = await visit({ path: '/eve' })
    for (const path of ['/1', '/2', '/3']) {
      assert.equal((await visit({ path: '/again', cookie: ada.cookie })).body, '/ada')
      await visit({ path })
    }
    assert.equal((await visit({ path: '/again', cookie: eve.cookie })).body, '/again')
  })
})

describe('the warning of a MemoryStore that is full', () => {
  const FULL = 'EXPRESS_SESSION_MEMORY_STORE_FULL'
  withoutPrinting()

  it('comes once for each store, also when that is cleared and full again', async () => {
    const codes = await warningsDuring(async () => {
      for (let i = 0; i < 2; i++) {
        const store = storeOf('abcdefg', { max: 3 })
        store.clear()
        for (const id of 'abcdefg') store.set(id, sessionFor(60_000))
      }
    })
    assert.deepEqual(codes, [FULL, FULL])
  })

  it('says what the limit is', async () => {
    const warnings = []
    const listener = (warning) => warnings.push(warning)
    process.on('warning', listener)
    storeOf('abcd', { max: 3 })
    await pause(5)
    process.removeListener('warning', listener)
    assert.deepEqual(
      warnings.map(({ name, code }) => [name, code]),
      [['SessionWarning', FULL]]
    )
    assert.match(warnings[0].message, /\bmax\b.*\b3\b/)
  })

  it('does not come as long as there is room, or an expired session to make some', async () => {
    const codes = await warningsDuring(() => {
      const store = storeOf('abc', { max: 3 }, 1000)
      store.set('a', sessionFor(1000))
      atTime(Date.now() + 60_000, () => store.set('d', sessionFor(1000)))
    })
    assert.deepEqual(codes, [])
  })

  it('does not come without a limit', async () => {
    assert.deepEqual(await warningsDuring(() => storeOf('abcdefgh')), [])
  })
})

describe('the options of a MemoryStore', () => {
  withoutPrinting()

  const wrong = {
    max: [0, -1, 1.5, NaN, Infinity, '10', null, true, {}, 10n, Symbol('ten'), Object.create(null)],
    sweepInterval: [0, -5, NaN, Infinity, -Infinity, '5000', null, false, [], 5n, new Date()]
  }
  for (const [option, values] of Object.entries(wrong)) {
    for (const value of values) {
      it(`have ${util.inspect(value)} refused as ${option}`, () => {
        const namesBoth = (error) =>
          error instanceof TypeError &&
          error.message.startsWith(`${option} option must be a positive`) &&
          error.message.endsWith(`, not ${util.inspect(value)}`)
        assert.throws(() => new MemoryStore({ [option]: value }), namesBoth)
        assert.throws(
          () => MemoryStore.call(Object.create(MemoryStore.prototype), { [option]: value }),
          namesBoth
        )
      })
    }
  }

  it('may be left out, undefined, or something that a 1.x store was handed', () => {
    const given = [[], [undefined], [null], [{}], [{ max: undefined, sweepInterval: undefined }], ['name']]
    for (const args of [...given, [7], [session], [{ secret: 'keyboard cat' }]]) {
      assert.equal(idsOf(storeOf.call(null, 'abc', ...args)).length, 3)
    }
  })

  it('may be fractions of a millisecond, and longer than any timer', () => {
    for (const sweepInterval of [0.5, Number.MAX_VALUE]) {
      assert.deepEqual(idsOf(storeOf('a', { sweepInterval })), ['a'])
    }
  })

  const constructions = {
    new: (options) => new MemoryStore(options),
    'MemoryStore.call': (options) => {
      function MyStore() {
        MemoryStore.call(this, options)
      }
      util.inherits(MyStore, MemoryStore)
      return new MyStore()
    },
    'a subclass': (options) => {
      class MyStore extends MemoryStore {
        ours = true
      }
      return new MyStore(options)
    },
    'Object.create of the prototype': (options) => {
      const store = Object.create(MemoryStore.prototype)
      MemoryStore.call(store, options)
      return store
    },
    'Object.create of a store': (options) => Object.create(new MemoryStore(options)),
    'a Proxy of a store': (options) => new Proxy(new MemoryStore(options), {})
  }
  for (const [name, construct] of Object.entries(constructions)) {
    it(`count for a store that is made by ${name}`, async () => {
      const store = construct({ max: 2 })
      for (let round = 0; round < 2; round++) {
        for (const id of 'abc') store.set(id, sessionFor(60_000))
        assert.deepEqual(idsOf(store), ['b', 'c'])
        await call(store, 'clear')
      }
    })

    it(`are not needed for a store that is made by ${name}`, () => {
      const store = construct()
      for (const id of 'abc') store.set(id, sessionFor(60_000))
      assert.deepEqual(idsOf(store), ['a', 'b', 'c'])
    })
  }

  it('show on no store', () => {
    const shown = (store) => [
      Object.entries(Object.getOwnPropertyDescriptors(store)).map(([name, { enumerable }]) => [
        name,
        enumerable
      ]),
      util.inspect(store).replace(/Symbol\(shapeMode\): \w+,?/, '')
    ]
    const store = new MemoryStore({ max: 3, sweepInterval: 1000 })
    assert.deepEqual(shown(store), shown(new MemoryStore()))
    const names = []
    for (const name in store) names.push(name)
    assert.equal(names.includes('max') || names.includes('sweepInterval'), false)
    assert.equal(MemoryStore.length, 0)
  })
})
