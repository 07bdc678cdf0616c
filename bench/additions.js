const diagnostics = require('node:diagnostics_channel')
const { measureRounds } = require('./batches')
const { answer } = require('./child')
const { serveMany } = require('./dummy-http')
const implementations = require('./implementations')
const { handlerOf, optionsOf, scenarioNamed } = require('./scenarios')
const { median } = require('./statistics')
const { makeStore } = require('./stores')
const { moveIn, visitsOf } = require('./visitors')

/**
 * What each addition costs that is switched on, and all of them: CPU time a request, beside ours with none of them, and the
 * calls to the store a request.
 *
 *     node --expose-gc bench/additions.js S3f [seconds]
 */
async function measure(name, seconds = 3) {
  // Most stores are others' own: so is this one.
  const scenario = { ...scenarioNamed(name), store: 'json' }
  const visits = visitsOf(scenario)
  const contenders = { bare: bare(scenario) }
  for (const [addition, making] of Object.entries(additions)) {
    contenders[addition] = await contender(scenario, making)
  }

  const { rounds } = await measureRounds(contenders, visits, {
    concurrency: scenario.concurrency,
    seconds: seconds * Object.keys(contenders).length,
    sizedBy: 'all of them'
  })
  const costs = {}
  for (const addition of Object.keys(additions)) {
    costs[addition] = {
      total: median(rounds.map((round) => round[addition] - round.bare)),
      more: median(rounds.map((round) => round[addition] - round.off)),
      calls: await callsOf(contenders[addition], visits, scenario)
    }
  }
  return { name, title: scenario.title, costs }
}

const MINUTE = 60_000

/** By name: the options, and whether somebody has subscribed to the diagnostics channels. */
const additions = {
  off: {},
  absoluteTimeout: { options: { absoluteTimeout: 1000 * MINUTE } },
  touchInterval: { options: { touchInterval: MINUTE } },
  storeTimeout: { options: { storeTimeout: MINUTE } },
  onDisconnect: { options: { onDisconnect: 'error' } },
  'a subscriber': { subscribes: true }
}
additions['all of them'] = {
  options: Object.assign({}, ...Object.values(additions).map(({ options }) => options)),
  subscribes: true
}

function bare(scenario) {
  return { app: handlerOf(scenario), reset: unsubscribe }
}

async function contender(scenario, { options, subscribes }) {
  const session = implementations.ours()
  const store = makeStore(session, scenario.store)
  await moveIn(scenario, session, store)
  const middleware = session({ ...optionsOf(scenario), ...options, store })
  const handler = handlerOf(scenario)
  return {
    store,
    app(req, res) {
      middleware(req, res, (error) => {
        if (error) throw error
        handler(req, res)
      })
    },
    reset() {
      unsubscribe()
      if (subscribes) subscribe()
    }
  }
}

const CHANNELS = ['load', 'save', 'touch', 'destroy', 'regenerate'].map((name) => `express-session:${name}`)
const subscriber = () => undefined
const subscribe = () => CHANNELS.forEach((name) => diagnostics.subscribe(name, subscriber))
const unsubscribe = () => CHANNELS.forEach((name) => diagnostics.unsubscribe(name, subscriber))

/** How often a request calls each method of the store, once the first few have come by. */
async function callsOf({ app, reset, store }, visits, { concurrency }) {
  reset()
  const requests = 20 * concurrency
  const counts = {}
  for (const method of ['get', 'set', 'touch', 'destroy']) {
    const inner = store[method]
    store[method] = function (...args) {
      counts[method] = (counts[method] ?? 0) + 1
      return inner.apply(this, args)
    }
  }
  await serveMany(app, visits, { requests, concurrency })
  return Object.fromEntries(Object.entries(counts).map(([method, count]) => [method, count / requests]))
}

answer(measure)
