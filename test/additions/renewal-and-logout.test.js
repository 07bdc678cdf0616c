'use strict'

// A logout ends the session, whatever renewals, saves and reloads are under way: of other requests, and of its own, whether
// anybody waits for them or not. However slowly the store answers, no cookie opens the session after that.

const assert = require('node:assert/strict')
const { closeAll } = require('../support/harness')
const { contentOf, grace, plainStore, renewing, updatingStore } = require('./support/renewing')
const { randomFrom, slowly, turns } = require('./support/slow-stores')

/** LOGOUT_ROUNDS raises the number of rounds, LOGOUT_SEED says which is the first. */
const ROUNDS = Number(process.env.LOGOUT_ROUNDS ?? 60)
const FIRST = Number(process.env.LOGOUT_SEED ?? 1)
/** What has found a fault: a save behind a second renewal that was given up, while the logout was under way. */
const FOUND = [2403]

/** What a request does, step by step. */
const steps = {
  save: (session) => session.save(),
  'save unawaited': (session) => void session.save(),
  write: (session) => (session.count = (session.count ?? 0) + 1),
  renew: (session) => session.regenerate(grace),
  'renew unawaited': (session) => void session.regenerate(grace),
  reload: (session) => session.reload(),
  wait: () => turns(20)
}
const logouts = [
  ['logout'],
  ['wait', 'logout'],
  ['wait', 'save unawaited', 'logout'],
  ['renew unawaited', 'logout'],
  ['wait', 'renew unawaited', 'logout']
]

/** An app whose requests do what their query says. */
function stepping(options) {
  return renewing(options, async (req) => {
    const query = new URL(req.url, 'http://localhost').searchParams.get('do')
    for (const step of query ? query.split(',') : []) {
      if (req.session?.user !== 'ada') return
      if (step === 'logout') await req.session.destroy()
      else await Promise.resolve(steps[step](req.session)).catch(heedOther)
    }
  })
}

/** Others may have ended the session, or the app itself. */
function heedOther(error) {
  if (error.code !== 'ESESSIONENDED' && error.message !== 'failed to load session') throw error
}

const user = (session) => session.user
const options = {
  alone: {},
  "with concurrency: 'merge'": { concurrency: 'merge' },
  'with the sessions of users': { user },
  'with both': { concurrency: 'merge', user },
  'with storeTimeout': { storeTimeout: 60_000 }
}

for (const makeStore of [plainStore, updatingStore]) {
  for (const [name, chosen] of Object.entries(options)) testLogouts(makeStore, name, chosen)
}

function testLogouts(makeStore, name, chosen) {
  describe(`a logout beside renewals, on ${makeStore.name}, ${name}`, function () {
    this.timeout(120_000)
    afterEach(closeAll)

    it(`ends the session in ${ROUNDS} random rounds`, async () => {
      for (const seed of [...FOUND, ...Array.from({ length: ROUNDS }, (_, i) => FIRST + i)]) {
        const random = randomFrom(seed)
        const pick = (choices) => choices[Math.floor(random() * choices.length)]
        const store = slowly(makeStore(), random)
        const app = await stepping({ store, ...chosen })
        const first = await app.logIn()
        const others = Array.from({ length: 1 + Math.floor(random() * 3) }, () =>
          Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(Object.keys(steps)))
        )
        const plans = [pick(logouts), ...others]
        const answers = await Promise.all(
          plans.map(async (plan) => {
            await turns(random() * 30)
            return app.ask(`/do?do=${plan.map(encodeURIComponent)}`, first)
          })
        )
        await turns(100)

        const what = `seed ${seed}: ${JSON.stringify(plans)}`
        for (const { status } of answers) assert.equal(status, 200, what)
        for (const cookie of [first, ...answers.map((answer) => answer.cookie).filter(Boolean)]) {
          assert.notEqual((await app.ask('/', cookie)).told.user, 'ada', what)
        }
        const left = Object.values(contentOf(store).sessions).filter(({ user }) => user === 'ada')
        assert.deepEqual(left, [], what)
        await closeAll()
      }
    })
  })
}
