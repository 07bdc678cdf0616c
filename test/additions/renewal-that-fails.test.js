'use strict'

// A renewal that fails has changed nothing, and one that is cut off in the middle has lost nothing.

const assert = require('node:assert/strict')
const { closeAll, gate, session, until } = require('../support/harness')
const {
  contentOf,
  grace,
  holdReplacing,
  idIn,
  plainStore,
  renewing,
  stores,
  updatingStore
} = require('./support/renewing')

const cases = [
  ['with a grace, on a store with update', grace, updatingStore],
  ['with a grace, on a store with get, set and destroy', grace, plainStore],
  ['without a grace', { preserve: true }, plainStore]
]

/** Replaces a method of a store from its n-th call on. */
function failing(store, method, from, answer) {
  const original = store[method]
  let calls = 0
  store[method] = (...args) => {
    calls += 1
    if (calls < from) return original.apply(store, args)
    return answer(args, () => original.apply(store, args))
  }
  return () => (store[method] = original)
}

/** Has the next call of a method done at once, and answered when a gate opens. */
function afterwards(store, method, answers) {
  const original = store[method]
  store[method] = (...args) => {
    store[method] = original
    const callback = args.pop()
    original.call(store, ...args, (...answer) => answers.pass(() => callback(...answer)))
  }
}

const refuse = (args) => setImmediate(args.at(-1), new Error('the store is tired'))

/**
 * Has what is done to the record of an id answered with an error: be it done, with the answer lost on its way, or not.
 *
 * @param isSilent - whether the record cannot be read any more after that
 */
function reset(store, id, isDone, isSilent) {
  const { get } = store
  const originals = { get }
  let isReset = false
  store.get = (...args) => (isReset && isSilent && args[0] === id ? refuse(args) : get.apply(store, args))
  for (const method of ['set', 'update', 'destroy']) {
    const original = (originals[method] = store[method])
    if (!original) continue
    store[method] = (...args) => {
      if (args[0] !== id) return original.apply(store, args)
      isReset = true
      const callback = args.pop()
      const lose = () => callback(new Error('the connection was reset'))
      return isDone ? original.call(store, ...args, lose) : setImmediate(lose)
    }
  }
  return () => Object.assign(store, originals)
}

for (const [name, given, makeStore] of cases) {
  /** The call that ends the old record. */
  const last = given === grace ? (makeStore === updatingStore ? ['update', 1] : ['set', 2]) : ['destroy', 1]

  describe(`a renewal that fails, ${name}:`, () => {
    afterEach(closeAll)

    for (const [what, method, from] of [
      // With `update` that is all in one.
      ...(last[0] === 'update' ? [] : [['the old session cannot be read', 'get', 2]]),
      ['the new one cannot be stored', 'set', 1],
      ['the old one cannot be replaced', ...last]
    ]) {
      it(`${what}: the request has its session as before`, async () => {
        const store = makeStore()
        const { ask, logIn, visit } = await renewing({ store }, async (req, res, path) => {
          if (path !== '/try') return
          const before = req.session
          const error = await req.session.regenerate(given).catch((refused) => refused)
          assert.equal(error.message, 'the store is tired')
          assert.equal(req.session, before)
          assert.equal(req.sessionID, 'id1')
        })
        const old = await logIn()
        const restore = failing(store, method, from, refuse)
        const { setCookie } = await visit({ path: '/try', cookie: old })
        restore()
        assert.deepEqual(setCookie, [])
        const { told } = await ask('/', old)
        assert.deepEqual([told.user, told.id], ['ada', 'id1'])
        assert.deepEqual(
          Object.keys(store.sessions).filter((id) => id === 'id1'),
          ['id1']
        )

        const renewed = await visit({
          path: '/renew?' + encodeURIComponent(JSON.stringify(given)),
          cookie: old
        })
        assert.equal((await ask('/', renewed.cookie)).told.user, 'ada')
      })
    }

    it('a genid that throws changes nothing', async () => {
      const ids = ['id1']
      const genid = () => {
        if (ids.length === 0) throw new Error('no more ids')
        return ids.shift()
      }
      const { ask, errors, logIn, renew } = await renewing({ store: makeStore(), genid })
      const old = await logIn()
      assert.equal((await renew(old, given)).status, 500)
      assert.equal(errors[0].message, 'no more ids')
      assert.equal((await ask('/', old)).told.user, 'ada')
    })

    it('cut off at any call to the store, the data are there under one id or both', async () => {
      for (const [method, from] of [['get', 2], ['set', 1], ['destroy', 1], last]) {
        const store = makeStore()
        const { ask, logIn, renewPath } = await renewing({ store, storeTimeout: 100 })
        const old = await logIn()
        let isCut = false
        const restore = failing(store, method, from, () => {
          isCut = true
        })
        const { cookie = old } = await ask(renewPath(given), old)
        restore()
        if (!isCut) continue
        const told = await Promise.all([old, cookie].map(async (each) => (await ask('/', each)).told))
        assert.ok(
          told.some(({ user }) => user === 'ada'),
          `cut off in ${method}`
        )
      }
    })
  })
}

describe('a request beside a renewal with a grace', () => {
  afterEach(closeAll)

  for (const makeStore of [plainStore, updatingStore]) {
    it(`whose save comes to the store late does not undo it, on ${makeStore.name}`, async () => {
      const store = makeStore()
      const late = gate()
      const { ask, logIn, renew } = await renewing({ store })
      const old = await logIn()
      const { set } = store
      store.set = (...args) => {
        store.set = set
        late.pass(() => set.apply(store, args))
      }
      const beside = ask('/write?late', old)
      await until(() => late.waiting === 1)
      const { cookie } = await renew(old, grace)
      late.open()
      const { status } = await beside
      assert.equal(status, 200)
      const { sessions, pointers } = contentOf(store)
      assert.deepEqual([Object.keys(sessions), Object.keys(pointers)], [['id2'], ['id1']])
      for (const id of [old, cookie]) assert.equal((await ask('/', id)).told.late, true)
    })
  }

  for (const [name, makeStore] of Object.entries(stores)) {
    for (const options of [{}, { concurrency: 'merge' }]) {
      it(`whose save is late brings nothing back that a logout ends meanwhile, on ${name}, ${JSON.stringify(options)}`, async () => {
        const store = makeStore()
        const answers = gate()
        const { ask, errors, logIn, renew } = await renewing({ ...options, store })
        const old = await logIn()
        afterwards(store, options.concurrency && store.update ? 'update' : 'set', answers)
        const beside = ask('/save?late', old)
        await until(() => answers.waiting === 1)
        // The middleware that renews does not wait for its turn.
        const { renew: renewBeside } = await renewing({ store, genid: () => 'renewed' })
        const { cookie } = await (options.concurrency ? renewBeside : renew)(old, grace)

        const { set } = store
        store.set = (sid, data, callback) => {
          store.set = set
          ask('/logout', old).then(() => set.call(store, sid, data, callback))
        }
        answers.open()
        assert.equal((await beside).status, 500)
        assert.equal(errors[0].code, 'ESESSIONENDED')
        for (const id of [old, cookie]) assert.equal((await ask('/', id)).told.user, undefined)
        assert.deepEqual(contentOf(store).sessions, {})
      })
    }

    it(`whose save is merged goes on to the new id, on ${name}`, async () => {
      for (const path of ['/save?late', '/write?late']) {
        const store = makeStore()
        const held = gate()
        const { ask, errors, logIn, slow, waiting } = await renewing({ store, concurrency: 'merge' })
        const { renew } = await renewing({ store, genid: () => 'renewed' })
        const old = await logIn()
        const beside = ask(`/slow${path}`, old)
        await waiting(1)
        // What reads the session for the merge comes when the renewal has begun to end the old id.
        const reading = store.update ? 'update' : 'get'
        const read = store[reading]
        const ending = store.update ? 'update' : 'set'
        const end = store[ending]
        store[reading] = (...args) => {
          store[reading] = read
          held.pass(() => read.apply(store, args))
        }
        slow.open()
        await until(() => held.waiting === 1)
        store[ending] = (sid, ...args) => {
          if (sid !== 'id1') return end.call(store, sid, ...args)
          store[ending] = end
          held.open()
          return end.call(store, sid, ...args)
        }
        const { cookie } = await renew(old, grace)
        assert.equal((await beside).status, 200)
        assert.deepEqual(errors, [])
        const { told } = await ask('/', cookie)
        assert.deepEqual([told.user, told.late], ['ada', true], path)
        assert.deepEqual(Object.keys(contentOf(store).sessions), ['renewed'])
      }
    })
  }

  it('waits for it, and does not hang if it fails', async () => {
    const store = plainStore()
    const held = gate()
    const { ask, logIn, renewPath } = await renewing({ store })
    const old = await logIn()
    const restore = failing(store, 'set', 1, (args) => held.pass(() => refuse(args)))
    const renewal = ask(renewPath(grace), old)
    await until(() => held.waiting === 1)
    restore()
    const beside = ['/write?beside', '/', renewPath(grace)].map((path) => ask(path, old))
    await until(() => store.calls.filter((call) => call === 'get id1').length === 4)
    held.open()
    assert.equal((await renewal).status, 500)
    const answers = await Promise.all(beside)
    for (const { status, told } of answers) assert.deepEqual([status, told.user], [200, 'ada'])
    // The next one that was to renew it has done so.
    assert.equal(idIn(answers[2].cookie), 'id3')
    assert.equal((await ask('/', old)).told.id, 'id3')
  })

  it('finds its session, though it has asked for it before and the store answers late', async () => {
    const store = plainStore()
    const held = gate()
    const { ask, logIn, renew } = await renewing({ store })
    const old = await logIn()
    const { get } = store
    store.get = (sid, callback) => {
      store.get = get
      get.call(store, sid, (...answer) => held.pass(() => callback(...answer)))
    }
    const beside = ask('/', old)
    await until(() => held.waiting === 1)
    const { cookie } = await renew(old, grace)
    held.open()
    const { told, cookie: sent } = await beside
    assert.deepEqual([told.user, told.id, sent], ['ada', 'id2', cookie])
  })

  for (const [name, makeStore] of Object.entries(stores)) {
    for (const concurrency of [undefined, 'merge']) {
      const how = concurrency ? 'where saves are merged' : 'where they are not'

      it(`with storeTimeout leaves alone what it reads of the old record, on ${name}, ${how}`, async () => {
        const store = makeStore()
        const held = gate()
        const { ask, logIn, renew } = await renewing({ store, storeTimeout: 5000, concurrency })
        const old = await logIn()
        holdReplacing(store, 'id1', held)
        const destroyed = []
        const { destroy, get } = store
        store.destroy = (sid, callback) => {
          destroyed.push(sid)
          destroy.call(store, sid, callback)
        }
        let reads = 0
        store.get = (sid, callback) =>
          get.call(store, sid, (...answer) => {
            callback(...answer)
            reads += 1
          })

        const renewal = renew(old, grace)
        await until(() => held.waiting === 1)
        const before = reads
        const beside = ask('/', old)
        await until(() => reads > before)
        held.open()
        assert.equal((await renewal).status, 200)
        assert.equal((await beside).told.user, 'ada')
        assert.deepEqual(destroyed, [])
        const { sessions, pointers } = contentOf(store)
        assert.deepEqual([Object.keys(sessions), Object.keys(pointers)], [['id2'], ['id1']])
      })
    }
  }

  it('with storeTimeout leaves alone what another process has stored over the pointer', async () => {
    const store = plainStore()
    const { ask, logIn, renew } = await renewing({ store, storeTimeout: 5000 })
    const old = await logIn()
    const before = store.sessions.id1
    await renew(old, grace)
    // That process opens the old session with the old id until the grace is over.
    store.sessions.id1 = before
    assert.equal((await ask('/', old)).told.id, 'id2')
    assert.equal(store.sessions.id1, before)
  })

  it('with storeTimeout ends nothing that the store refuses to end', async () => {
    const store = plainStore()
    const held = gate()
    const { ask, logIn, renew } = await renewing({ store, storeTimeout: 5000 })
    const old = await logIn()
    const { destroy } = store
    store.destroy = (sid, callback) => {
      store.destroy = destroy
      held.pass(() => setImmediate(callback, new Error('the store is tired')))
    }
    const renewal = renew(old, { preserve: true })
    await until(() => held.waiting === 1)
    await ask('/', old)
    held.open()
    assert.equal((await renewal).status, 500)
    assert.equal((await ask('/', old)).told.user, 'ada')
  })

  it('with storeTimeout has ended an old record that a late save may have left, and that is destroyed for that', async () => {
    const store = plainStore()
    const { ask, logIn, visit } = await renewing({ store, storeTimeout: 50 }, async (req, res, path) => {
      if (path !== '/try') return
      const { destroy, set } = store
      store.set = () => {}
      await assert.rejects(req.session.save(), { code: 'ESTORETIMEOUT' })
      store.set = set
      store.destroy = (...args) => {
        store.destroy = destroy
        refuse(args)
      }
      await req.session.regenerate({ preserve: true })
    })
    const { cookie } = await visit({ path: '/try', cookie: await logIn() })
    assert.equal((await ask('/', cookie)).told.user, 'ada')
    assert.deepEqual(Object.keys(store.sessions), ['id2'])
  })

  it('with storeTimeout follows the pointer as without', async () => {
    const store = plainStore()
    const { ask, logIn, renew } = await renewing({ store, storeTimeout: 5000 })
    const old = await logIn()
    await renew(old, grace)
    for (let i = 0; i < 3; i++) assert.equal((await ask('/', old)).told.user, 'ada')
    assert.ok(store.sessions.id1)
  })
})

for (const [storeName, makeStore] of Object.entries(stores)) {
  for (const [name, given] of [
    ['without a grace', { preserve: true }],
    ['with a grace', grace],
    ['with a list of names', { preserve: ['user'] }]
  ]) {
    for (const concurrency of [undefined, 'merge']) {
      describe(`a renewal ${name}, on ${storeName}${concurrency ? ', where saves are merged' : ''}`, () => {
        afterEach(closeAll)

        it('fails if the record of the user cannot name the new session, and changes nothing', async () => {
          const store = makeStore()
          const options = { store, concurrency, user: ({ user }) => user }
          const { ask, errors, logIn, middleware, visit } = await renewing(
            options,
            async (req, res, path) => {
              if (path !== '/try') return
              const before = req.session
              const error = await req.session.regenerate(given).catch((refused) => refused)
              assert.equal(error?.message, 'the store is tired')
              assert.equal(req.session, before)
              assert.equal(req.sessionID, 'id1')
            }
          )
          const old = await logIn()
          const method = store.update ? 'update' : 'set'
          const write = store[method]
          store[method] = (sid, ...args) =>
            sid.startsWith('user-') ? refuse(args) : write.call(store, sid, ...args)
          const { setCookie } = await visit({ path: '/try', cookie: old })
          store[method] = write

          assert.deepEqual([errors, setCookie], [[], []])
          assert.equal((await ask('/', old)).told.id, 'id1')
          assert.deepEqual(Object.keys(contentOf(store).pointers), [])
          assert.equal((await middleware.sessionsOf('ada')).length, 1)
          assert.equal(await middleware.endSessionsOf('ada'), 1)
          assert.equal((await ask('/', old)).told.user, undefined)
        })

        for (const options of [{}, { user: ({ user }) => user }, { hashSessionIds: true }]) {
          const name = Object.keys(options)[0] ?? 'no other option'
          const record = options.hashSessionIds ? session.hashSessionId('id1') : 'id1'
          const stored = options.hashSessionIds ? session.hashSessionId('id2') : 'id2'

          /** Renews while the store fails; tells with what error, and the cookie by which the visitor goes on. */
          async function renewed(store, failAt) {
            let told
            const served = await renewing({ ...options, store, concurrency }, async (req, res, path) => {
              if (path !== '/try') return
              const error = await req.session.regenerate(given).catch((refused) => refused)
              told = { error: error?.message, id: req.sessionID, user: req.session.user }
            })
            const old = await served.logIn()
            const restore = failAt(store)
            const { cookie } = await served.visit({ path: '/try', cookie: old })
            restore()
            assert.deepEqual(served.errors, [])
            return { ...served, old, told, cookie }
          }

          const sessionsIn = (store) =>
            Object.keys(contentOf(store).sessions).filter((id) => !id.startsWith('user-'))

          it(`has been done if the store has done it, though its answer is lost, with ${name}`, async () => {
            const store = makeStore()
            const { ask, cookie, middleware, old, told } = await renewed(store, () =>
              reset(store, record, true, false)
            )
            assert.deepEqual(told, { error: undefined, id: 'id2', user: 'ada' })
            assert.deepEqual(sessionsIn(store), [stored])
            assert.deepEqual((await ask('/', cookie)).told.user, 'ada')
            assert.equal((await ask('/', old)).told.user, given.grace && 'ada')
            if (options.user) assert.equal((await middleware.sessionsOf('ada')).length, 1)
          })

          it(`fails and loses nothing if the store does not say what it has done, with ${name}`, async () => {
            for (const isDone of [true, false]) {
              const store = makeStore()
              const { ask, cookie, middleware, told } = await renewed(store, () =>
                reset(store, record, isDone, true)
              )
              assert.deepEqual(told, { error: 'the connection was reset', id: 'id2', user: 'ada' })
              assert.deepEqual((await ask('/', cookie)).told.user, 'ada')
              if (!options.user) continue
              // What may be left is named, too.
              await middleware.endSessionsOf('ada')
              assert.deepEqual(sessionsIn(store), [])
            }
          })
        }

        it('takes the session of another process that has renewed it while the store failed', async () => {
          const sessions = Object.create(null)
          const [store, other] = [makeStore(sessions), makeStore(sessions)]
          for (const each of [store, other]) each.sessions = sessions
          const beside = await renewing({ store: other, genid: () => 'theirs' })
          let told
          const { ask, errors, logIn, visit } = await renewing(
            { store, concurrency },
            async (req, res, path) => {
              if (path !== '/try') return
              await req.session.regenerate(given)
              told = { id: req.sessionID, user: req.session.user }
            }
          )
          const old = await logIn()
          const restore = []
          for (const method of ['set', 'update', 'destroy']) {
            const original = store[method]
            if (!original) continue
            store[method] = (...args) => {
              if (args[0] !== 'id1') return original.apply(store, args)
              for (const again of restore) again()
              beside.renew(old, grace).then(() => refuse(args))
              return undefined
            }
            restore.push(() => (store[method] = original))
          }
          const { cookie } = await visit({ path: '/try', cookie: old })
          assert.deepEqual(errors, [])
          assert.deepEqual(told, { id: given.grace ? 'theirs' : 'id2', user: 'ada' })
          assert.equal((await ask('/', cookie)).told.user, 'ada')
          assert.deepEqual(Object.keys(contentOf(store).sessions), [given.grace ? 'theirs' : 'id2'])
        })
      })
    }
  }
}

for (const concurrency of [undefined, 'merge']) {
  describe(`a renewal with a grace, on a store whose update asks again${concurrency ? ', where saves are merged' : ''}`, () => {
    afterEach(closeAll)

    it('knows the pointer that it has made itself', async () => {
      const store = updatingStore()
      const { update } = store
      // As a driver does that sends again what was not answered.
      store.update = (sid, change, callback) =>
        update.call(store, sid, change, () => update.call(store, sid, change, callback))
      const { ask, logIn, renew } = await renewing({ store, concurrency })
      const old = await logIn()
      const { status, cookie } = await renew(old, grace)
      assert.equal(status, 200)
      const { sessions, pointers } = contentOf(store)
      assert.deepEqual([Object.keys(sessions), Object.keys(pointers)], [['id2'], ['id1']])
      for (const id of [old, cookie]) assert.deepEqual((await ask('/', id)).told.id, 'id2')
    })
  })
}
