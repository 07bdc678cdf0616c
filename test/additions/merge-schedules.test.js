'use strict'

// With concurrency: 'merge', whatever parallel requests do with a session and in whatever order a store answers: no write is
// lost, none comes from nowhere, each session says what is stored and what its request has changed, and what was ended stays so.

const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const http = require('node:http')
const fc = require('fast-check')
const { JsonStore, closeAll, serve, session } = require('../support/harness')
const { Model, View, copy } = require('./support/merge-model')

/** MERGE_SCHEDULES raises the number of schedules, MERGE_SEED has the same again. */
const { MERGE_SCHEDULES = '2000', MERGE_SEED } = process.env
const SEED = Number(MERGE_SEED ?? Date.now() % 1e9)

const KEYS = ['a', 'b', 'c', 'd']

/** Who is asking the store. */
const asking = new AsyncLocalStorage()

async function turns(count) {
  for (let i = 0; i < count; i++) await new Promise(setImmediate)
}

/** What is to be checked at once when a callback comes, and by then only. */
function promised(start) {
  const promise = new Promise((resolve, reject) => {
    start((check) => {
      try {
        resolve(check())
      } catch (fault) {
        reject(fault)
      }
    })
  })
  promise.catch(() => {})
  return promise
}

/** What all of these stores do when they come to do it: the model sees it. */
function watched(model, sid, data) {
  const { cookie, __session, ...rest } = JSON.parse(JSON.stringify(data))
  assert.ok(cookie && !__session)
  const request = asking.getStore()
  if (request?.isOutside) model.put(sid, rest)
  else model.write(request, sid, rest)
}

/** A store that takes its time before and after it does what it is asked; its touch reads, and later writes. */
class SlowStore extends JsonStore {
  constructor(model, delay) {
    super()
    Object.assign(this, { model, delay })
  }

  later(work, callback) {
    this.underWay = (this.underWay ?? 0) + 1
    turns(this.delay()).then(async () => {
      try {
        const result = await work()
        await turns(this.delay())
        callback(null, result)
      } catch (error) {
        callback(error)
      } finally {
        this.underWay--
      }
    })
  }

  read(sid) {
    return this.sessions[sid] && JSON.parse(this.sessions[sid])
  }

  write(sid, data) {
    watched(this.model, sid, data)
    this.sessions[sid] = JSON.stringify(data)
  }

  get(sid, callback) {
    this.later(() => this.read(sid), callback)
  }

  set(sid, data, callback) {
    this.later(() => this.write(sid, data), callback)
  }

  touch(sid, { cookie }, callback) {
    const work = async () => {
      const stored = this.read(sid)
      if (!this.update) await turns(this.delay())
      if (stored && this.sessions[sid]) this.sessions[sid] = JSON.stringify({ ...stored, cookie })
    }
    this.later(work, callback)
  }

  destroy(sid, callback) {
    const work = () => {
      delete this.sessions[sid]
      this.model.remove(sid)
    }
    this.later(work, callback)
  }
}

/** Compare-and-set, as a client of a database does it: what has been changed meanwhile is read again. */
class UpdatingStore extends SlowStore {
  update(sid, change, callback) {
    const work = async () => {
      for (;;) {
        const before = this.sessions[sid]
        const changed = change(this.read(sid))
        await turns(this.delay())
        if (this.sessions[sid] !== before) continue
        if (changed) this.write(sid, changed)
        return
      }
    }
    this.later(work, callback)
  }
}

class WatchedMemoryStore extends session.MemoryStore {
  constructor(model) {
    super()
    Object.assign(this, { model })
  }

  set(sid, data, callback) {
    watched(this.model, sid, data)
    super.set(sid, data, callback)
  }

  destroy(sid, callback) {
    this.model.remove(sid)
    super.destroy(sid, callback)
  }
}

const STORES = {
  'a store that can only be read and written': { Store: SlowStore },
  'a store with update': { Store: UpdatingStore, hasOthers: true },
  'a MemoryStore': { Store: WatchedMemoryStore, hasOthers: true }
}

/** The steps of a request. */
const steps = {
  set({ req, request, key, value }) {
    req.session[key] = request.view.now[key] = value
  },
  change({ req, request, key, value }) {
    const isObject = typeof req.session[key] === 'object'
    if (isObject) req.session[key].changed = request.view.now[key].changed = value
    else {
      req.session[key] = { changed: value }
      request.view.now[key] = { changed: value }
    }
  },
  delete({ req, request, key }) {
    delete req.session[key]
    delete request.view.now[key]
  },
  wait: ({ value }) => turns(value % 7),
  save: (context) => steps.saveAlone(context),
  saveAlone({ req, request, model }) {
    const ask = model.ask(request)
    const wasEnded = model.ended.has(ask.sid)
    return promised((attempt) =>
      req.session.save((error) =>
        attempt(() => {
          assert.ok(error || !wasEnded, 'a session that had ended was saved')
          model.answered(request, ask, error)
          if (request.view === ask.view) model.check(request, req.session)
        })
      )
    )
  },
  async reload({ req, request, model }) {
    const { id } = req.session
    const isUnstored = request.view.base === undefined
    await promised((attempt) =>
      req.session.reload((error) =>
        attempt(() => {
          if (!error) model.read(request, req.session)
          else assert.ok(model.ended.has(id) || isUnstored, error.stack)
        })
      )
    )
  },
  async destroy({ req, model }) {
    model.ended.add(req.session.id)
    await req.session.destroy()
  },
  regenerate({ req, request, model }) {
    model.ended.add(req.session.id)
    request.atEnding = copy(request.view.now)
    // By a callback: by the time that a promise tells, a save may have been answered, too.
    return promised((attempt) =>
      req.session.regenerate((error) =>
        attempt(() => {
          assert.ifError(error)
          request.view = new View(req.session.id, undefined)
          request.atEnding = undefined
        })
      )
    )
  }
}

/** Another process: it changes what is stored, or ends the session. */
const outside = {
  set(store, sid, key, value, model) {
    if (store.sessions[sid]) store.set(sid, { ...JSON.parse(store.sessions[sid]), [key]: value }, () => {})
    else assert.ok(!model.stored.has(sid))
  },
  destroy(store, sid, key, value, model) {
    model.ended.add(sid)
    store.destroy(sid, () => {})
  }
}

const often = ['set', 'set', 'change', 'change', 'delete', 'wait', 'save', 'saveAlone', 'reload']
const step = fc.record({
  name: fc.constantFrom(...often, ...often, 'destroy', 'regenerate'),
  key: fc.constantFrom(...KEYS)
})
const request = fc.record({
  arrives: fc.nat(12),
  resave: fc.boolean(),
  steps: fc.array(step, { maxLength: 8 })
})
const other = fc.record({
  arrives: fc.nat(40),
  name: fc.constantFrom('set', 'set', 'set', 'destroy'),
  key: fc.constantFrom(...KEYS, 'e')
})
const schedule = fc.record({
  requests: fc.array(request, { minLength: 2, maxLength: 4 }),
  others: fc.array(other, { maxLength: 3 }),
  delays: fc.array(fc.nat(5), { minLength: 1, maxLength: 20 })
})

describe('parallel requests of one session under merge', function () {
  this.timeout(3_600_000)
  afterEach(closeAll)

  const runs = Math.ceil(Number(MERGE_SCHEDULES) / Object.keys(STORES).length)
  for (const [name, { Store, hasOthers }] of Object.entries(STORES)) {
    it(`lose and invent nothing on ${name}: ${runs} schedules (seed ${SEED})`, async () => {
      const agent = new http.Agent({ keepAlive: true })
      let current
      const served = await serve(
        { store: new session.MemoryStore() },
        () => {},
        (app) => {
          app.use((req, res) => current.serve(req, res))
        }
      )
      try {
        const play = async (given) => {
          current = new Play(given, Store, hasOthers, { port: served.port, agent })
          await current.run()
        }
        await fc.assert(fc.asyncProperty(schedule, play), { numRuns: runs, seed: SEED })
      } finally {
        agent.destroy()
      }
    })
  }
})

/** One schedule. */
class Play {
  constructor({ requests, others, delays }, Store, hasOthers, to) {
    let next = 0
    const delay = () => delays[next++ % delays.length]
    this.model = new Model()
    this.store = new Store(this.model, delay)
    Object.assign(this, { requests, others: hasOthers ? others : [], to, values: 0, faults: [], ids: 0 })
    const options = { secret: 'key', saveUninitialized: false, store: this.store, concurrency: 'merge' }
    const genid = () => `id${++this.ids}`
    this.middlewares = [false, true].map((resave) => session({ ...options, genid, resave }))
    this.visits = [{ asks: [], steps: [{ name: 'set', key: 'a' }], arrives: 0, resave: false }]
  }

  async run() {
    await this.visit(0)
    const sid = 'id1'
    const first = this.visits.length
    for (const given of this.requests) this.visits.push({ ...given, asks: [] })
    const others = this.others.map(async ({ arrives, name, key }) => {
      await turns(arrives)
      asking.run({ isOutside: true }, () => {
        const change = outside[name]
        change(outsideOf(this.store), sid, key, ++this.values, this.model)
      })
    })
    await Promise.all([...this.requests.map((_, i) => this.visit(first + i)), ...others])
    for (let quiet = 0; quiet < 3; quiet++) {
      if (this.store.underWay) quiet = 0
      await turns(1)
    }
    if (this.faults.length > 0) throw this.faults[0]
    for (const visit of this.visits) if (visit.endAsk) this.model.checkEnd(visit.endAsk)
    for (const ended of this.model.ended) assert.ok(!this.store.sessions[ended], `${ended} came back`)
    for (const [id, data] of this.model.stored) {
      const { cookie, ...stored } = JSON.parse(this.store.sessions[id])
      assert.ok(cookie)
      assert.deepEqual(stored, data)
    }
  }

  async visit(number) {
    await turns(this.visits[number].arrives)
    const { port, agent } = this.to
    const headers = this.cookie && { cookie: this.cookie }
    const status = await new Promise((resolve, reject) => {
      const options = { port, agent, headers, host: '127.0.0.1', path: `/${number}` }
      const sent = http.get(options, (response) => {
        this.cookie ??= response.headers['set-cookie']?.[0].split(';')[0]
        response.resume()
        response.on('end', () => resolve(response.statusCode))
      })
      sent.on('error', reject)
    })
    if (status !== 200) this.faults.push(new Error(`status ${status}`))
  }

  serve(req, res) {
    const request = this.visits[Number(req.url.slice(1))]
    const fault = (error) => {
      this.faults.push(error)
      if (!res.headersSent) res.status(500).end()
    }
    asking.run(request, () => {
      this.middlewares[Number(request.resave)](req, res, (error) => {
        if (error) fault(error)
        else this.handle(req, res, request).catch(fault)
      })
    })
  }

  async handle(req, res, request) {
    const { model } = this
    if (session.infoOf(req).isNew) request.view = new View(req.session.id, undefined)
    else model.read(request, req.session)

    const alone = []
    for (const { name, key } of request.steps) {
      if (!req.session) break
      assert.equal(asking.getStore(), request)
      const done = steps[name]({ req, request, model, key, value: ++this.values })
      if (name === 'saveAlone') alone.push(done)
      else await done
      model.check(request, req.session)
    }
    if (req.session) request.endAsk = model.ask(request)
    const finished = new Promise((resolve) => res.on('close', resolve))
    res.end()
    await Promise.all([...alone, finished])
  }
}

/** What another process does to a store goes past what this one has put around it. */
function outsideOf(store) {
  if (!(store instanceof SlowStore)) return store
  return {
    sessions: store.sessions,
    set: (sid, data) => store.write(sid, data),
    destroy(sid) {
      delete store.sessions[sid]
      store.model.remove(sid)
    }
  }
}
