'use strict'

// An app need not await what it asks of its session: whatever it calls, in whatever order, and whenever it ends the
// response, no write is lost and nothing that was ended comes back.

const assert = require('node:assert/strict')
const http = require('node:http')
const fc = require('fast-check')
const { sign } = require('cookie-signature')
const { session } = require('../support/harness')

/**
 * UNAWAITED_RUNS raises the number of handlers; UNAWAITED_SEED and UNAWAITED_PATH replay one that was printed.
 */
const { UNAWAITED_RUNS = '2000', UNAWAITED_SEED, UNAWAITED_PATH } = process.env

/** How many handlers run side by side: each waits most of its time. */
const LANES = UNAWAITED_PATH ? 1 : 8

const SECRET = 'keyboard cat'
const isUpstream = process.env.SESSION_IMPLEMENTATION === 'upstream'

/**
 * What must be stored when all is quiet.
 *
 * 1. A session that the app has destroyed or regenerated is gone: before the end, after it, and whatever was under way. But
 *    if it is left on the request until the end it is stored, as by 1.19.0; not if it is what the app had saved last by then,
 *    or else had got (and `resave` is off).
 * 2. Else, if the app has saved it explicitly after the end: what it held at the last of those calls.
 * 3. Else, if it was the request's session at the end: what it held when `end()` was called. (But a new session that
 *    nobody has changed or saved is not stored, unless `saveUninitialized` says so.)
 * 4. Else, if the app had unset it by then: under `unset: 'destroy'` it is gone; otherwise the session is as if it had not
 *    been the request's.
 * 5. Else: what it held at the last explicit save, or what was stored before the request.
 *
 * Which session the request has, and what that holds, the app sees for itself: a `reload` or `regenerate` that nobody
 * awaits replaces it when the store has answered.
 */
class Model {
  /** What was ended, and what was stored of it when the app asked for that, or was to be. */
  gone = new Map()
  savedBefore = new Map()
  savedAfter = new Map()
  atEnd = undefined
  /** Whether what is stored was read again, at a time that the app does not see. */
  hasReloaded = false
  /** The session that was ended and changed then: stored, but not if that changed it back into what was read again. */
  undecided = undefined

  constructor(options, stored) {
    this.options = options
    this.stored = stored
  }

  /** The middleware has given the request its session. */
  begin(id) {
    this.firstId = id
  }

  save(id, state) {
    ;(this.atEnd ? this.savedAfter : this.savedBefore).set(id, state)
  }

  /** The app ends a session. */
  lose(id) {
    const loaded = this.options.resave ? undefined : this.stored.get(id)
    const stored = this.savedBefore.get(id) ?? loaded
    this.gone.set(id, this.atEnd ? undefined : { stored })
  }

  end(id, state) {
    this.atEnd = { id, state }
    if (!state && this.options.unset === 'destroy') this.gone.set(id)
    const lost = this.gone.get(id)
    if (!state || !lost) return
    if (this.hasReloaded) this.undecided = id
    else if (lost.stored && !isChanged(lost.stored, state)) return
    this.gone.delete(id)
  }

  /** @param isStored - whether there is a session of an id, where that is undecided */
  expected(isStored) {
    const { atEnd, gone, savedAfter, savedBefore, stored } = this
    const expected = new Map([...stored, ...savedBefore])
    if (atEnd.state && this.isStored(atEnd)) expected.set(atEnd.id, atEnd.state)
    for (const [id, state] of savedAfter) expected.set(id, state)
    for (const id of gone.keys()) expected.delete(id)
    if (this.undecided !== undefined && !isStored(this.undecided)) expected.delete(this.undecided)
    return Object.fromEntries(expected)
  }

  isStored({ id, state }) {
    const isNew = id === this.firstId && !this.stored.has(id)
    const isChanged = Object.keys(state).length > 1
    return !isNew || isChanged || this.savedBefore.has(id) || this.options.saveUninitialized
  }
}

function isChanged(before, after) {
  const dataOf = (state) => JSON.stringify({ ...state, 'idle timeout': undefined })
  return dataOf(before) !== dataOf(after)
}

/** What a session holds: its data and its idle timeout. When exactly it expires is not the question here. */
function stateOf(json) {
  const { cookie, ...data } = JSON.parse(json)
  delete data.__session
  return { 'idle timeout': cookie.originalMaxAge && Math.round(cookie.originalMaxAge / 1000), ...data }
}

/**
 * A store that keeps JSON text, and takes a random number of turns of the event loop for each call.
 *
 * One that is `slow` carries calls out one after another for each session; one that is `late` carries them out at once, and
 * answers in any order.
 */
class TurningStore extends session.Store {
  sessions = new Map()
  pending = 0
  queues = new Map()

  constructor(kind, turns) {
    super()
    this.kind = kind
    this.turns = turns
    this.calls = 0
  }

  get(sid, callback) {
    this.ask(sid, callback, () => this.sessions.get(sid))
  }

  set(sid, data, callback) {
    const json = JSON.stringify(data)
    this.ask(sid, callback, () => void this.sessions.set(sid, json))
  }

  touch(sid, data, callback) {
    const { cookie } = JSON.parse(JSON.stringify(data))
    this.ask(sid, callback, () => {
      const json = this.sessions.get(sid)
      if (json) this.sessions.set(sid, JSON.stringify({ ...JSON.parse(json), cookie }))
    })
  }

  destroy(sid, callback) {
    this.ask(sid, callback, () => void this.sessions.delete(sid))
  }

  async ask(sid, callback, carryOut) {
    this.pending += 1
    const turns = this.turns[this.calls++ % this.turns.length] + 1
    let json
    if (this.kind === 'late') {
      json = carryOut()
      await pass(turns)
    } else {
      const earlier = this.queues.get(sid)
      const done = (async () => {
        await earlier
        await pass(turns)
        json = carryOut()
      })()
      this.queues.set(sid, done)
      await done
    }
    // On a turn of its own, as an answer from a socket: what it brings about is no matter of this promise.
    setImmediate(() => {
      this.pending -= 1
      callback?.(null, json && JSON.parse(json))
    })
  }
}

async function pass(turns) {
  for (let i = 0; i < turns; i++) await new Promise(setImmediate)
}

// What a handler may do. Nothing is awaited but a few turns of the event loop, in which calls may be answered.

const key = fc.constantFrom('a', 'b')
const value = fc.constantFrom(1, 2, 'text')
const hasCallback = fc.boolean()
const steps = {
  set: [6, key, value],
  delete: [3, key],
  setNested: [3, key, value],
  deleteNested: [2, key],
  setMaxAge: [2, fc.constantFrom(30000, 90000)],
  touch: [1],
  save: [6, hasCallback],
  reload: [2, hasCallback],
  regenerate: [1, hasCallback],
  destroy: [1, hasCallback],
  unset: [1],
  pass: [5, fc.integer({ min: 1, max: 4 })]
}

/** Any handler, but for some steps. */
function scenarioWithout(...leftOut) {
  const chosen = Object.entries(steps).filter(([name]) => !leftOut.includes(name))
  const step = fc.oneof(
    ...chosen.map(([name, [weight, ...args]]) => ({
      weight,
      arbitrary: fc.tuple(fc.constant(name), ...args)
    }))
  )
  return fc.record({
    visitor: fc.constantFrom('returning', 'new'),
    before: fc.array(step, { maxLength: 8 }),
    ending: fc.constantFrom('end', 'end with a body', 'write and end'),
    after: fc.oneof(fc.constant([]), fc.array(step, { maxLength: 5 })),
    store: fc.constantFrom('slow', 'late'),
    turns: fc.array(fc.nat(4), { minLength: 1, maxLength: 5 }),
    options: fc.record({
      resave: fc.boolean(),
      saveUninitialized: fc.boolean(),
      rolling: fc.boolean(),
      unset: fc.constantFrom('keep', 'destroy')
    })
  })
}

/** What an app may have on beside: the options, given a store for the records of users; and by which key the store has an id. */
const additions = {
  '': {},
  ', with the sessions of users': {
    optionsOf: (userIndex) => ({ user: ({ a }) => (a === undefined ? undefined : String(a)), userIndex }),
    share: 0.25
  },
  ', with hashed ids': {
    optionsOf: () => ({ hashSessionIds: true }),
    keyOf: (id) => session.hashSessionId(id),
    share: 0.25
  },
  ", with concurrency: 'merge'": {
    optionsOf: () => ({ concurrency: 'merge' }),
    // What is read between the reading and the writing of a save is older than that; and no change of the app's.
    scenario: scenarioWithout('reload'),
    share: 0.25
  }
}

/** Does one thing to the session that the request has at this moment. */
async function take([name, ...args], req, model) {
  const current = req.session
  if (name === 'pass') return pass(args[0])
  if (!current) return undefined
  const { id } = current

  switch (name) {
    case 'set':
      current[args[0]] = args[1]
      return undefined
    case 'delete':
      delete current[args[0]]
      return undefined
    case 'setNested':
      current.nested ??= {}
      current.nested[args[0]] = args[1]
      return undefined
    case 'deleteNested':
      if (current.nested) delete current.nested[args[0]]
      return undefined
    case 'setMaxAge':
      current.cookie.maxAge = args[0]
      return undefined
    case 'touch':
      current.touch()
      return undefined
    case 'unset':
      req.session = null
      return undefined
    case 'save':
      // What becomes of it when the app saves what it has just ended is a question of its own.
      if (model.gone.has(id)) return undefined
      model.save(id, stateOf(JSON.stringify(current)))
      break
    case 'regenerate':
    case 'destroy':
      model.lose(id)
      break
    case 'reload':
      model.hasReloaded = true
  }
  call(current, name, args[0])
  return undefined
}

function call(current, method, hasCallback) {
  // In 1.19.0, `reload` and `regenerate` end the process without one.
  if (hasCallback || isUpstream) current[method](() => {})
  else current[method]()
}

const endings = {
  end: (res) => res.end(),
  'end with a body': (res) => res.end('body'),
  'write and end'(res) {
    res.write('first ')
    res.end('last')
  }
}

for (const [name, addition] of Object.entries(isUpstream ? { '': {} } : additions)) {
  describe(`a handler that awaits nothing${name}`, function () {
    this.timeout(1800000)
    testHandlers(addition)
  })
}

function testHandlers({
  optionsOf = () => ({}),
  keyOf = (id) => id,
  scenario = scenarioWithout(),
  share = 1
}) {
  const handlers = new Map()
  const agent = new http.Agent({ keepAlive: true })
  let server

  before((done) => {
    server = http.createServer((req, res) => handlers.get(req.url)(req, res))
    server.listen(0, '127.0.0.1', done)
  })

  after((done) => {
    agent.destroy()
    server.closeAllConnections()
    server.close(done)
  })

  /** Runs the handler of a scenario, waits until all is quiet, and gives what is stored and what must be. */
  async function run({ visitor, before: early, ending, after: late, store: kind, turns, options }) {
    const store = new TurningStore(kind, turns)
    const userIndex = new TurningStore(kind, turns)
    if (visitor === 'returning') {
      store.sessions.set(
        'id0',
        JSON.stringify({ cookie: { originalMaxAge: 60000, path: '/' }, a: 'was here' })
      )
    }
    const model = new Model(options, new Map(statesIn(store)))
    let ids = 0
    const middleware = session({
      ...options,
      ...optionsOf(userIndex),
      secret: SECRET,
      store,
      cookie: { maxAge: 60000 },
      genid: () => `id${++ids}`
    })

    const url = `/${handlers.size}-${Math.random()}`
    const finished = new Promise((resolve, reject) => {
      handlers.set(url, (req, res) => {
        middleware(req, res, (error) => {
          if (error) reject(error)
          else handle(req, res).then(resolve, reject)
        })
      })
    })

    async function handle(req, res) {
      model.begin(req.sessionID)
      for (const one of early) await take(one, req, model)
      model.end(req.sessionID, req.session && stateOf(JSON.stringify(req.session)))
      endings[ending](res)
      for (const one of late) await take(one, req, model)
    }

    const cookie =
      visitor === 'returning' ? `connect.sid=${encodeURIComponent(`s:${sign('id0', SECRET)}`)}` : ''
    const [body] = await Promise.all([get(server.address().port, url, cookie), finished])
    await quiet(store, userIndex)
    handlers.delete(url)
    assert.equal(body, { end: '', 'end with a body': 'body', 'write and end': 'first last' }[ending])
    const stored = new Map(statesIn(store))
    const isStored = (id) => stored.has(keyOf(id))
    const expected = Object.entries(model.expected(isStored)).map(([id, state]) => [keyOf(id), state])
    return { stored: Object.fromEntries(stored), expected: Object.fromEntries(expected) }
  }

  function get(port, path, cookie) {
    return new Promise((resolve, reject) => {
      const headers = cookie ? { cookie } : {}
      const request = http.get({ port, host: '127.0.0.1', path, agent, headers }, (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (chunk) => (body += chunk))
        response.on('end', () => resolve(body))
        response.on('error', reject)
      })
      request.setTimeout(10000, () => request.destroy(new Error('no response')))
      request.on('error', reject)
    })
  }

  async function quiet(...stores) {
    for (let calm = 0; calm < 4; calm++) {
      await pass(1)
      if (stores.some(({ pending }) => pending > 0)) calm = 0
    }
  }

  function statesIn(store) {
    return [...store.sessions].map(([id, json]) => [id, stateOf(json)])
  }

  async function holds(one) {
    const { stored, expected } = await run(one)
    assert.deepEqual(stored, expected)
  }

  const usual = {
    visitor: 'returning',
    before: [],
    ending: 'end',
    after: [],
    store: 'slow',
    turns: [1],
    options: { resave: false, saveUninitialized: false, rolling: false, unset: 'keep' }
  }

  const cases = {
    'stores what the session says at the end, not what it said at an earlier save': {
      before: [['set', 'busy', true], ['save'], ['delete', 'busy']]
    },
    'stores what the session said at the end, not what it says later': {
      before: [['set', 'a', 1], ['save'], ['set', 'a', 2]],
      after: [['set', 'a', 'later']]
    },
    'stores what an explicit save after the end says': {
      before: [['set', 'a', 1]],
      after: [['set', 'a', 'later'], ['save']]
    },
    'stores what an explicit save after the end says, while an earlier one is under way': {
      before: [['set', 'a', 1], ['save'], ['set', 'a', 2]],
      after: [['set', 'a', 'later'], ['save']],
      turns: [4]
    },
    'stores what an explicit save after the end says, also when another session is saved behind it': {
      before: [['regenerate'], ['set', 'a', 1], ['pass', 1]],
      after: [['set', 'a', 'later'], ['save'], ['pass', 1], ['save']]
    },
    'stores what an explicit save says long after the end': {
      before: [['set', 'a', 1]],
      after: [['pass', 40], ['set', 'a', 'later'], ['save']]
    },
    'does not bring back what is destroyed while it is saved': {
      before: [['set', 'a', 1], ['save'], ['destroy']]
    },
    'does not bring back what is destroyed after the end': {
      before: [['set', 'a', 1], ['save'], ['set', 'a', 2]],
      after: [['destroy']]
    },
    'stores what was written before a regenerate that nobody awaits': {
      before: [['set', 'a', 1], ['regenerate']]
    },
    'does not bring back what is being regenerated at the end, and was only read': {
      before: [['regenerate']]
    },
    'stores what is written behind a regenerate that nobody awaits, as many logins do': {
      before: [['set', 'a', 1], ['regenerate'], ['set', 'a', 2]]
    },
    'does not bring that back when it is ended once more after the end': {
      before: [['set', 'a', 1], ['regenerate'], ['set', 'a', 2]],
      after: [['regenerate']]
    },
    'does not bring back what was changed back behind a regenerate that nobody awaits': {
      before: [['set', 'b', 1], ['regenerate'], ['delete', 'b']]
    },
    'stores what was changed back behind it into something else than it had asked to save': {
      before: [['set', 'b', 1], ['save'], ['regenerate'], ['delete', 'b']]
    },
    'stores a change of the idle timeout after a save': {
      before: [['save'], ['pass', 4], ['setMaxAge', 90000]]
    },
    'stores what the session says at the end when saves are answered in another order': {
      before: [['set', 'a', 1], ['save'], ['set', 'a', 2], ['save'], ['set', 'a', 1], ['pass', 9]],
      store: 'late',
      turns: [0, 5, 0]
    }
  }

  for (const [name, one] of Object.entries(cases)) {
    it(name, () => holds({ ...usual, ...one }))
  }

  const seed = Number(UNAWAITED_SEED ?? Math.floor(Math.random() * 1e9))

  const runs = UNAWAITED_RUNS * share

  it(`loses no write and brings nothing back, in ${runs} handlers (seed ${seed})`, async () => {
    const lane = (i) =>
      fc.assert(fc.asyncProperty(scenario, holds), {
        numRuns: Math.ceil(runs / LANES),
        seed: seed + i,
        ...(UNAWAITED_PATH && { path: UNAWAITED_PATH })
      })
    await Promise.all(Array.from({ length: LANES }, (_, i) => lane(i)))
  })
}
