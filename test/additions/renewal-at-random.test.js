'use strict'

// Whatever the requests of a visitor do at the same time, and however slowly the store answers: renewals log nobody out,
// what has ended stays ended, and with concurrency: 'merge' nothing is lost that was saved.

const assert = require('node:assert/strict')
const { closeAll } = require('../support/harness')
const { contentOf, grace, plainStore, renewing, stores, updatingStore } = require('./support/renewing')
const { randomFrom, slowly, turns } = require('./support/slow-stores')

/** RENEWAL_ROUNDS raises the number of rounds, RENEWAL_SEED has the same again. */
const { RENEWAL_ROUNDS = '6', RENEWAL_SEED } = process.env
const SEED = Number(RENEWAL_SEED ?? Date.now() % 1e9)

const SCHEDULES = 10
const REQUESTS = 12

/** Every other round has the option; nothing is as late as that. */
const timeoutIn = (seed) => (seed % 2 ? undefined : 60_000)

async function schedule(seed, makeStore, withLogout) {
  const random = randomFrom(seed)
  const store = slowly(makeStore(), random)
  const app = await renewing({
    store,
    rolling: random() < 0.5,
    resave: random() < 0.2,
    storeTimeout: timeoutIn(seed)
  })
  const paths = ['/', '/write?a', '/save?b', '/reload', app.renewPath(grace), app.renewPath(grace)]
  const known = [await app.logIn()]

  let endedAt = withLogout ? Math.floor(random() * REQUESTS) : -1
  const answers = await Promise.all(
    Array.from({ length: REQUESTS }, async (_, i) => {
      await turns(random() * 60)
      const cookie = known[Math.floor(random() * known.length)]
      const path = i === endedAt ? '/logout' : paths[Math.floor(random() * paths.length)]
      const answer = await app.ask(path, cookie)
      if (answer.cookie && !withLogout) known.push(answer.cookie)
      return { ...answer, path, hadSession: answer.told?.user === 'ada' }
    })
  )
  return { ...app, store, answers, known }
}

for (const makeStore of [plainStore, updatingStore]) {
  describe(`random rounds of renewals, on ${makeStore.name}`, function () {
    this.timeout(60_000)
    afterEach(closeAll)

    it('log nobody out, and leave one session', async () => {
      for (let seed = 1; seed <= SCHEDULES; seed++) {
        const { answers, ask, known, store } = await schedule(seed, makeStore, false)
        for (const { status, hadSession, path } of answers) {
          assert.deepEqual([status, hadSession], [200, true], `seed ${seed}: ${path}`)
        }
        const ids = new Set()
        for (const cookie of known) {
          const { told } = await ask('/', cookie)
          assert.equal(told.user, 'ada', `seed ${seed}`)
          ids.add(told.id)
        }
        assert.deepEqual(Object.keys(contentOf(store).sessions), [...ids], `seed ${seed}`)
        await closeAll()
      }
    })

    it('bring nothing back that a logout has ended', async () => {
      for (let seed = 1; seed <= SCHEDULES; seed++) {
        const { answers, ask, known, store } = await schedule(seed, makeStore, true)
        for (const { end } of answers) assert.equal(end, 'complete', `seed ${seed}`)
        for (const cookie of [...known, ...answers.map((answer) => answer.cookie).filter(Boolean)]) {
          assert.notEqual((await ask('/', cookie)).told.user, 'ada', `seed ${seed}`)
        }
        const left = Object.values(contentOf(store).sessions).filter(({ user }) => user === 'ada')
        assert.deepEqual(left, [], `seed ${seed}`)
        await closeAll()
      }
    })
  })
}

/** Saves, renewals and what ends a session, by any id that the visitor has had; each key is saved once. */
async function round(seed, makeStore, { concurrency, renewals, ending }) {
  const random = randomFrom(seed)
  const pick = (choices) => choices[Math.floor(random() * choices.length)]
  const store = slowly(makeStore(), random)
  const options = { store, concurrency, user: ({ user }) => user, storeTimeout: timeoutIn(seed) }
  const app = await renewing(options, ({ session, url }, res, path) => {
    if (path !== '/hasty' || session?.user !== 'ada') return
    const [, key] = url.split('?')
    session[key] = true
    // Nobody waits for it; it may find that the session has ended.
    session.regenerate(grace).catch(() => {})
  })
  const first = await app.logIn()
  const known = [first]
  const endedAt = ending ? Math.floor(random() * REQUESTS) : -1
  const answers = await Promise.all(
    Array.from({ length: REQUESTS }, async (_, i) => {
      await turns(random() * 80)
      if (i === endedAt && ending === 'endSessionsOf') {
        await app.middleware.endSessionsOf('ada')
        return { end: 'complete', status: 200 }
      }
      const paths = [
        `/save?key${i}`,
        `/save?key${i}`,
        `/write?key${i}`,
        `/hasty?key${i}`,
        '/',
        app.renewPath(pick(renewals))
      ]
      const path = i === endedAt ? '/logout' : pick(paths)
      const answer = await app.ask(path, pick(known))
      if (answer.cookie && answer.told?.user === 'ada') known.push(answer.cookie)
      return { ...answer, path }
    })
  )
  return { ...app, store, answers, known }
}

const users = (store) => Object.values(contentOf(store).sessions).filter(({ user }) => user === 'ada')

for (const [name, makeStore] of Object.entries(stores)) {
  for (const concurrency of [undefined, 'merge']) {
    describe(`random rounds of saves and renewals, on ${name}, concurrency: ${concurrency} (seed ${SEED})`, function () {
      this.timeout(3_600_000)
      afterEach(closeAll)

      for (const ending of ['logout', 'endSessionsOf']) {
        it(`bring nothing back that ${ending} has ended`, async () => {
          for (let seed = SEED; seed < SEED + Number(RENEWAL_ROUNDS); seed++) {
            const { answers, ask, errors, known, store } = await round(seed, makeStore, {
              concurrency,
              ending,
              renewals: [grace]
            })
            for (const { end } of answers) assert.equal(end, 'complete', `seed ${seed}`)
            for (const { code } of errors) assert.equal(code, 'ESESSIONENDED', `seed ${seed}`)
            for (const cookie of known) {
              assert.notEqual((await ask('/', cookie)).told.user, 'ada', `seed ${seed}`)
            }
            assert.deepEqual(users(store), [], `seed ${seed}`)
            await closeAll()
          }
        })
      }

      it(`${concurrency ? 'lose nothing' : 'refuse nothing'} where nobody has ended it`, async () => {
        for (let seed = SEED; seed < SEED + Number(RENEWAL_ROUNDS); seed++) {
          const { answers, ask, errors, known, store } = await round(seed, makeStore, {
            concurrency,
            renewals: [grace]
          })
          assert.deepEqual(errors, [], `seed ${seed}`)
          for (const cookie of known) assert.equal((await ask('/', cookie)).told.user, 'ada', `seed ${seed}`)
          const [session, ...others] = users(store)
          assert.deepEqual(others, [], `seed ${seed}`)
          for (const { path } of concurrency ? answers : []) {
            const key = /key\d+/.exec(path)?.[0]
            if (key) assert.equal(session[key], true, `seed ${seed}: ${path}`)
          }
          await closeAll()
        }
      })

      if (!concurrency) return
      it('lose nothing that a save has answered for, whether old ids have a grace or not', async () => {
        for (let seed = SEED; seed < SEED + Number(RENEWAL_ROUNDS); seed++) {
          const { answers, errors, store } = await round(seed, makeStore, {
            concurrency,
            renewals: [grace, { preserve: true }]
          })
          for (const { code } of errors) assert.equal(code, 'ESESSIONENDED', `seed ${seed}`)
          const [session, ...others] = users(store)
          assert.deepEqual(others, [], `seed ${seed}`)
          for (const { path, told } of answers) {
            const key = /save\?(key\d+)/.exec(path)?.[1]
            if (key && told?.user === 'ada') assert.equal(session[key], true, `seed ${seed}: ${path}`)
          }
          await closeAll()
        }
      })
    })
  }
}
