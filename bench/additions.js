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
    contenders[addition] = await contender(scenario, visits, making)
    if (making.asLongAs) lengthen(contenders[addition].store, contenders[making.asLongAs].store)
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

/**
 * By name: the options, the kind of the store, whether somebody has subscribed to the diagnostics channels, and has left again, and
 * which other one has records as long.
 */
const additions = {
  off: {},
  'off, a subscriber has left': { subscribes: true, leaves: true },
  absoluteTimeout: { options: { absoluteTimeout: 1000 * MINUTE } },
  // What the store takes of that for its longer JSON, were all of it text: but the end of a session is a date.
  'off, with a record as long': { asLongAs: 'absoluteTimeout' },
  touchInterval: { options: { touchInterval: MINUTE } },
  storeTimeout: { options: { storeTimeout: MINUTE } },
  onDisconnect: { options: { onDisconnect: 'error' } },
  cacheControl: { options: { cacheControl: true } },
  clearCookie: { options: { clearCookie: true } },
  refreshCookie: { options: { refreshCookie: true } },
  hashSessionIds: { options: { hashSessionIds: true } },
  encryption: { options: { encryption: Buffer.alloc(32, 'key') } },
  concurrency: { options: { concurrency: 'merge' } },
  user: { options: { user: (session) => session.user && String(session.user.id) } },
  'a subscriber': { subscribes: true }
}
additions['all of them'] = {
  options: Object.assign({}, ...Object.values(additions).map(({ options }) => options)),
  subscribes: true
}
// Another store than the others have.
additions['concurrency, a store with update'] = { options: { concurrency: 'merge' }, store: 'updating' }
// Without https, and for nobody: what it costs those whose sessions are not bound.
additions['deviceBound, not offered'] = { options: { deviceBound: { when: () => false } } }

function bare(scenario) {
  return { app: handlerOf(scenario), reset: unsubscribe }
}

async function contender(scenario, visits, { options, subscribes, leaves, store: kind = scenario.store }) {
  const session = implementations.ours()
  const store = makeStore(session, kind)
  await moveIn(scenario, session, store)
  const middleware = session({ ...optionsOf(scenario), ...options, store })
  const behind = (handler) => (req, res) => {
    middleware(req, res, (error) => {
      if (error) throw error
      handler(req, res)
    })
  }
  // Each session is saved once, so that the store has it as the options want it: what comes after that is measured.
  const settle = behind((req, res) => {
    req.session.views++
    res.end()
  })
  await serveMany(settle, visits, { requests: visits.length, concurrency: scenario.concurrency })
  return {
    store,
    app: behind(handlerOf(scenario)),
    reset() {
      unsubscribe()
      if (subscribes) subscribe()
      if (leaves) unsubscribe()
    }
  }
}

/** Has the app remember some text with each session, so that its record is as long as in another store. */
function lengthen({ sessions }, { sessions: longer }) {
  for (const [id, json] of sessions) {
    const data = { ...JSON.parse(json), text: '' }
    const missing = longer.get(id).length - JSON.stringify(data).length
    sessions.set(id, JSON.stringify({ ...data, text: '.'.repeat(missing) }))
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
  for (const method of ['get', 'set', 'update', 'touch', 'destroy']) {
    const inner = store[method]
    if (!inner) continue
    store[method] = function (...args) {
      counts[method] = (counts[method] ?? 0) + 1
      return inner.apply(this, args)
    }
  }
  await serveMany(app, visits, { requests, concurrency })
  return Object.fromEntries(Object.entries(counts).map(([method, count]) => [method, count / requests]))
}

answer(measure)
