/**
 * What visitors do, and what it may cost. Each scenario says how its visitors come (`visitor`), what the app does with
 * the session (`app`), and what differs from the usual options and store.
 *
 * `target` is the most that our overhead may be, as a share of the published package's; `targetEndToEnd` likewise over
 * real HTTP, by Node's major version.
 */

const DAY = 24 * 60 * 60 * 1000

/** Over real HTTP; on Node 20 Express itself is what costs. */
const END_TO_END = { 20: 0.45, 24: 0.2 }

const scenarios = [
  {
    name: 'S1',
    title: 'new visitor, nothing written',
    visitor: 'new',
    app: 'nothing',
    target: 0.16,
    targetEndToEnd: END_TO_END
  },
  {
    name: 'S2',
    title: 'new visitor, session written',
    visitor: 'new',
    app: 'login',
    target: 0.5,
    targetEndToEnd: END_TO_END
  },
  {
    name: 'S3',
    title: 'returning, read only',
    target: 0.26,
    targetEndToEnd: END_TO_END
  },
  { name: 'S3m', title: 'returning, read only, maxAge', cookie: { maxAge: DAY }, target: 0.3 },
  { name: 'S3f', title: 'returning, read only, foreign JSON store', store: 'json', target: 0.3 },
  { name: 'S4', title: 'returning, modified', app: 'count', target: 0.38 },
  {
    name: 'S5',
    title: 'returning, rolling + maxAge',
    cookie: { maxAge: DAY },
    options: { rolling: true },
    target: 0.4,
    targetEndToEnd: END_TO_END
  },
  { name: 'S6-10KB', title: 'session of 10 KB, read only', size: 10_000, target: 0.33 },
  { name: 'S6-100KB', title: 'session of 100 KB, read only', size: 100_000, target: 0.33 },
  { name: 'S7', title: 'forged cookie', visitor: 'forger', app: 'nothing', target: 0.4 },
  {
    name: 'S8',
    title: 'three secrets, signed by the last',
    options: { secret: ['newest secret', 'newer secret', 'secret'] },
    target: 0.2
  },
  { name: 'S9', title: '20 cookies in the header', otherCookies: 19, target: 0.24 },
  {
    name: 'S10',
    title: '100 concurrent, store with 1 ms latency',
    store: 'slow',
    concurrency: 100,
    target: 0.6
  }
].map(complete)

/** A scenario of the curve over the size of a session. */
const ofSize = (size) =>
  complete({ name: `size-${size}`, title: `session of ${size} bytes, read only`, size })

function complete(scenario) {
  return {
    visitor: 'returning',
    app: 'read',
    store: 'memory',
    concurrency: 50,
    size: 0,
    /** How many visitors there are, each with a session; large ones would not fit into memory in such numbers. */
    visitors: scenario.size > 5000 ? 50 : 1000,
    otherCookies: 0,
    ...scenario
  }
}

/** Finds a scenario by its name; `size-N` names any point of the curve. */
function scenarioNamed(name) {
  if (name.startsWith('size-')) return ofSize(Number(name.slice('size-'.length)))
  const found = scenarios.find((scenario) => scenario.name.toLowerCase() === name.toLowerCase())
  if (!found) throw new Error(`No scenario is named ${name}`)
  return found
}

/** Options of the middleware that a scenario asks for, but for the store. */
function optionsOf({ options, cookie }) {
  return { secret: 'secret', resave: false, saveUninitialized: false, ...(cookie && { cookie }), ...options }
}

/** What the app does with the session, if there is one. */
const apps = {
  nothing: () => undefined,
  login: (session) => {
    session.user = { id: 42, name: 'Ada Lovelace', roles: ['author', 'editor'] }
  },
  read: (session) => {
    if (session.user.id === undefined) throw new Error('The session has been lost')
  },
  count: (session) => {
    session.views++
  }
}

/** Answers a request, after what the app of the scenario does with the session. */
function handlerOf(scenario) {
  const app = apps[scenario.app]
  return (req, res) => {
    if (req.session) app(req.session)
    res.end('ok')
  }
}

/** Whether the answers of a scenario carry the session cookie. */
const sendsCookie = ({ app, options }) => app === 'login' || options?.rolling === true

module.exports = { apps, handlerOf, optionsOf, scenarioNamed, scenarios, sendsCookie }
