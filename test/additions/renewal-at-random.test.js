'use strict'

// Whatever the requests of a visitor do at the same time, and however slowly the store answers: renewals log nobody out,
// and what has ended stays ended.

const assert = require('node:assert/strict')
const { closeAll } = require('../support/harness')
const { contentOf, grace, plainStore, renewing, updatingStore } = require('./support/renewing')

const SCHEDULES = 10
const REQUESTS = 12

/** Numbers between 0 and 1, the same ones for a seed (mulberry32). */
function randomFrom(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Lets some turns pass. */
async function turns(count) {
  for (let i = 0; i < count; i++) await new Promise(setImmediate)
}

/** A store that does what it is asked, and answers, after a random number of turns each. */
function slowly(store, random) {
  for (const method of ['get', 'set', 'destroy', 'update']) {
    const original = store[method]
    if (!original) continue
    store[method] = (...args) => {
      const callback = args.pop()
      const [before, after] = [random() * 6, random() * 6]
      const call = () =>
        original.call(store, ...args, (...answer) =>
          turns(after).then(() => setImmediate(callback, ...answer))
        )
      // What is to be stored is what it was when the store was asked.
      if (method === 'set') args[1] = JSON.parse(JSON.stringify(args[1]))
      turns(before).then(call)
    }
  }
  return store
}

async function schedule(seed, makeStore, withLogout) {
  const random = randomFrom(seed)
  const store = slowly(makeStore(), random)
  const app = await renewing({ store, rolling: random() < 0.5, resave: random() < 0.2 })
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
