'use strict'

// With the option `concurrency` a session that gets a new id takes along what other requests have saved meanwhile, and what
// its own request has changed is applied to that, as by a save.

const assert = require('node:assert/strict')
const { closeAll, gate, until } = require('../support/harness')
const {
  contentOf,
  grace,
  holdReplacing,
  plainStore,
  renewing,
  stores,
  updatingStore
} = require('./support/renewing')

/** As docs/concurrency.md has it. */
function addUp(key, base, theirs, mine) {
  if (key !== 'count') return mine
  return (theirs ?? 0) + (mine ?? 0) - (base ?? 0)
}

const count = (session) => (session.count = (session.count ?? 0) + 1)

/** An app with `/buy`, which saves; and `/own`, which waits in `own` and then does what the test says. */
async function shop(options, act) {
  const own = gate()
  const app = await renewing({ concurrency: addUp, ...options }, async (req, res, path) => {
    if (path === '/buy') {
      req.session.cart = [...req.session.cart, 'milk']
      req.session.bought = true
      count(req.session)
      await req.session.save()
    }
    if (path !== '/own') return
    await new Promise((resolve) => own.pass(resolve))
    await act(req, res)
  })
  const cookie = await app.logIn()
  /** Starts `/own`, has something happen once it has its session, and lets it go on. */
  const beside = async (meanwhile) => {
    const asked = app.ask('/own', cookie)
    await until(() => own.waiting === 1)
    await meanwhile?.()
    own.open()
    return asked
  }
  const buy = async () => assert.equal((await app.ask('/buy', cookie)).status, 200)
  return { ...app, cookie, beside, buy }
}

/** What is stored, of the session that is left. */
function stored(store) {
  const [{ user, cart, bought, own, count: counted }, ...others] = Object.values(contentOf(store).sessions)
  assert.deepEqual(others, [])
  return { user, cart, bought, own, count: counted }
}

const ALL = { user: 'ada', cart: ['tea', 'milk'], bought: true, own: true, count: 2 }

/** Changes what is stored, as another process does. */
function stores1(store, change) {
  const record = JSON.parse(store.sessions.id1)
  change(record)
  store.sessions.id1 = JSON.stringify(record)
}

for (const [name, makeStore] of Object.entries(stores)) {
  describe(`a renewal where saves are merged, on ${name},`, () => {
    afterEach(closeAll)

    for (const given of [{ preserve: true }, grace]) {
      const how = given === grace ? 'with a grace' : 'without a grace'

      it(`keeps what another request has saved before, ${how}`, async () => {
        const store = makeStore()
        const { beside, buy } = await shop({ store }, async ({ session }) => {
          session.own = true
          count(session)
          await session.regenerate(given)
        })
        const { told, cookie } = await beside(buy)
        assert.ok(cookie)
        const { user, cart, bought, own, count: counted } = told
        assert.deepEqual({ user, cart, bought, own, count: counted }, ALL)
        assert.deepEqual(stored(store), ALL)
      })

      it(`keeps it though nobody waits for the renewal, ${how}`, async () => {
        const store = makeStore()
        const { beside, buy } = await shop({ store }, (req, res) => {
          req.session.regenerate(given)
          req.session.own = true
          count(req.session)
          res.json(req.session)
        })
        await beside(buy)
        assert.deepEqual(stored(store), ALL)
      })

      it(`keeps what is being saved while it begins, by this request or by another, ${how}`, async () => {
        const store = makeStore()
        const held = gate()
        const { ask, beside, cookie } = await shop({ store }, async ({ session }) => {
          session.own = true
          count(session)
          session.save()
          await session.regenerate(given)
        })
        let buying
        const { told } = await beside(async () => {
          const method = store.update ? 'update' : 'set'
          const original = store[method]
          store[method] = (...args) => {
            store[method] = original
            held.pass(() => original.apply(store, args))
          }
          buying = ask('/buy', cookie)
          await until(() => held.waiting === 1)
          setImmediate(held.open)
        })
        assert.equal(told.bought, true)
        assert.equal((await buying).status, 200)
        assert.deepEqual(stored(store), ALL)
      })
    }

    it('keeps the merged values of a list of names, and nothing else', async () => {
      const store = makeStore()
      const { beside, buy } = await shop({ store }, async (req) => {
        await req.session.regenerate({ preserve: ['cart', 'count'] })
        req.session.user = 'bob'
      })
      await beside(buy)
      assert.deepEqual(stored(store), {
        user: 'bob',
        cart: ['tea', 'milk'],
        bought: undefined,
        own: undefined,
        count: 1
      })
    })

    it('removes what another request has removed, unless it has changed that itself', async () => {
      const store = makeStore()
      const { beside } = await shop({ store }, async ({ session }) => {
        session.cart = ['coffee']
        await session.regenerate(grace)
      })
      await beside(() =>
        stores1(store, (record) => {
          delete record.user
          delete record.cart
        })
      )
      assert.deepEqual([stored(store).user, stored(store).cart], [undefined, ['coffee']])
    })

    it('that fails leaves a session whose saves are merged as before', async () => {
      const store = makeStore()
      const { ask, cookie, beside, buy } = await shop({ store }, async (req) => {
        const before = req.session
        const { set } = store
        store.set = (...args) => {
          store.set = set
          setImmediate(args.at(-1), new Error('the store is tired'))
        }
        await assert.rejects(req.session.regenerate(grace), /the store is tired/)
        assert.equal(req.session, before)
        req.session.own = true
        count(req.session)
        await req.session.save()
      })
      assert.equal((await beside(buy)).status, 200)
      assert.deepEqual(stored(store), ALL)
      assert.equal((await ask('/', cookie)).told.id, 'id1')
    })

    it('fails with what the function throws, and has changed nothing', async () => {
      const store = makeStore()
      const fussy = (key) => {
        throw new Error(`whose ${key}?`)
      }
      const { ask, cookie, beside } = await shop({ store, concurrency: fussy }, async ({ session }) => {
        session.cart = ['coffee']
        await assert.rejects(session.regenerate(grace), /whose cart\?/)
        session.cart = ['tea']
      })
      await beside(() => stores1(store, (record) => (record.cart = ['milk'])))
      const { told } = await ask('/', cookie)
      assert.deepEqual([told.id, told.cart], ['id1', ['milk']])
    })

    it('merges under the same id, if genid gives that again', async () => {
      const store = makeStore()
      const { beside, buy } = await shop({ store, genid: () => 'id1' }, async ({ session }) => {
        session.own = true
        count(session)
        await session.regenerate({ preserve: true })
      })
      await beside(buy)
      assert.deepEqual(stored(store), ALL)
    })
  })
}

describe('a renewal where saves are merged', () => {
  afterEach(closeAll)

  for (const [name, makeStore] of Object.entries(stores)) {
    for (const isAwaited of [true, false]) {
      const how = isAwaited ? '' : ', though nobody waits for it'

      it(`behind another one, and behind a save, keeps what all of them have changed, on ${name}${how}`, async () => {
        const store = makeStore()
        const held = gate()
        const handlers = gate()
        const renewals = []
        const app = await renewing({ store, concurrency: 'merge' }, async (req, res, path) => {
          const key = path.slice(1)
          if (!['saving', 'first', 'second'].includes(key)) return
          await new Promise((resolve) => handlers.pass(resolve))
          req.session[key] = 1
          if (key === 'saving') return
          // The one that began first comes first.
          if (key === 'second') await until(() => renewals.length === 1)
          const renewal = req.session.regenerate(grace)
          renewals.push(renewal)
          if (key === 'first' || isAwaited) await renewal
          req.session[`${key}After`] = 1
        })
        const { ask, cookie } = { ...app, cookie: await app.logIn() }
        holdReplacing(store, 'id1', held)
        const asked = ['/saving', '/first', '/second'].map((path) => ask(path, cookie))
        await until(() => handlers.waiting === 3)
        handlers.open()
        await until(() => held.waiting === 1 && renewals.length === 2)
        held.open()
        const [, first, second] = await Promise.all(asked)
        await Promise.all(renewals)

        await until(() => JSON.stringify(contentOf(store).sessions).includes('firstAfter'))
        const [session, ...others] = Object.values(contentOf(store).sessions)
        assert.deepEqual(others, [])
        const keys = ['saving', 'first', 'firstAfter', 'second', 'secondAfter']
        assert.deepEqual(
          keys.map((key) => session[key]),
          [1, 1, 1, 1, 1]
        )
        // It is not known yet, when nobody waits, where the session will lie.
        assert.deepEqual(second.setCookie.length, isAwaited ? 1 : 0)
        assert.equal((await ask('/', first.cookie)).told.user, 'ada')
      })
    }
  }

  for (const makeStore of [plainStore, updatingStore]) {
    it(`keeps what another process saves while it is under way, on ${makeStore.name}`, async () => {
      const store = makeStore()
      const { beside } = await shop({ store }, async ({ session }) => {
        session.own = true
        count(session)
        await session.regenerate(grace)
      })
      await beside(() => {
        // Once before the old record is replaced, and, where the store cannot tell, once just after.
        const method = store.update ? 'update' : 'set'
        const original = store[method]
        const before = store.sessions.id1
        let saves = 2
        store[method] = (sid, ...args) => {
          if (sid === 'id1' && saves-- > 0) {
            if (method === 'update') stores1(store, count)
            else {
              const callback = args.pop()
              const record = JSON.parse(before)
              record.count = 2 - saves
              args.push((error) => {
                store.sessions.id1 = JSON.stringify(record)
                callback(error)
              })
            }
          }
          return original.call(store, sid, ...args)
        }
      })
      assert.deepEqual([stored(store).own, stored(store).count], [true, 3])
    })
  }

  it('asks the store for no more than without, where nobody else saves', async () => {
    for (const [makeStore, given, calls] of [
      [plainStore, { preserve: true }, ['set id2', 'get id1', 'destroy id1']],
      [plainStore, grace, ['set id2', 'get id1', 'set id1', 'get id1']],
      [updatingStore, grace, ['set id2', 'update id1']]
    ]) {
      const store = makeStore()
      const { logIn, renew } = await renewing({ store, concurrency: 'merge' })
      const old = await logIn()
      store.takeCalls()
      await renew(old, given)
      assert.deepEqual(store.takeCalls(), ['get id1', ...calls])
    }
  })
})
