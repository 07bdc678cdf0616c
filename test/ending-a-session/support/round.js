'use strict'

const http = require('node:http')
const express = require('express')
const { listen, session, usual } = require('../../support/harness')
const { closing, endings, errorOf, turns } = require('./overtaken')

/** What sessions are configured with; all share one store. */
const configurations = {
  plain: {},
  rolling: { rolling: true, cookie: { maxAge: 600_000 } },
  resave: { resave: true, saveUninitialized: true, cookie: { maxAge: 600_000 } }
}

/** The steps of a request, in any order. Those after `answer` happen when the response is out. */
const steps = {
  wait: ({ random }) => turns(1 + Math.floor(random() * 6)),
  change({ req, random }) {
    if (req.session) req.session.count = random()
  },
  touch: ({ req }) => void req.session?.touch(),
  remember({ req }) {
    if (req.session) req.session.cookie.maxAge = 700_000
  },
  reload: async ({ req }) => void (req.session && (await errorOf(req.session, 'reload'))),
  flush({ res, visit }) {
    if (visit.answered) return
    visit.seesHead()
    res.write('.')
  },
  answer({ res, visit }) {
    if (visit.answered) return
    visit.answered = true
    visit.seesHead()
    res.end('answer')
  },
  async save({ req, visit }) {
    if (!req.session) return
    const isLate = visit.isLate(req.session.id)
    const error = await errorOf(req.session, 'save')
    if (isLate) visit.expect(error?.code === 'ESESSIONENDED', `a late save() gave ${error}`)
  },
  saveAlone({ req }) {
    if (req.session) req.session.save(() => {})
  },
  async leave({ req, visit }) {
    if (visit.client.destroyed) return
    const closed = closing(req.socket)
    visit.client.destroy()
    await closed
  }
}

const names = Object.keys(steps)
const pick = (random, list) => list[Math.floor(random() * list.length)]

/** A random request: its configuration, and its steps. */
function randomScript(random) {
  const script = Array.from({ length: Math.floor(random() * 7) }, () => pick(random, names))
  return [...script, 'answer', ...Array.from({ length: Math.floor(random() * 4) }, () => pick(random, names))]
}

/** The same, for the request that ends the session; it does so before it answers. */
function endingScript(random) {
  const before = Array.from({ length: Math.floor(random() * 3) }, () =>
    pick(random, ['wait', 'change', 'flush'])
  )
  return [...before, pick(random, Object.keys(endings)), ...(random() < 0.5 ? ['wait'] : []), 'answer']
}

/** A server on which rounds are played, on a store. */
async function playground({ store, stored }, random) {
  const visits = new Map()
  const pending = countPending(store)
  const faults = []
  let number = 0

  const app = express()
  app.set('env', 'test')
  const genid = () => `s${++number}`
  for (const [name, options] of Object.entries(configurations)) {
    app.use(`/${name}`, session({ ...usual, unset: 'destroy', store, genid, ...options }), serve)
  }
  // eslint-disable-next-line no-unused-vars -- Express knows an error handler by its four parameters
  app.use((error, req, res, next) => {
    // session-file-store says so when there is nothing to touch any more.
    if (error.code !== 'ENOENT') faults.push(error)
    // Express's own handler would close the connection, on which another request may be under way.
    if (!res.headersSent) res.status(500).end()
  })
  const server = http.createServer(app)
  server.keepAliveTimeout = 0
  const { port } = await listen(server)
  const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity })

  function serve(req, res, next) {
    const visit = visits.get(req.query.visit)
    visit.begin(req)
    visit.done = play(visit, req, res).catch(next)
  }

  async function play(visit, req, res) {
    if (visit.login) {
      req.session.user = 'ada'
      visit.sid = req.sessionID
      res.end()
      return
    }
    for (const step of visit.script) {
      if (Object.hasOwn(endings, step)) {
        if (!req.session) continue
        const ends = req.session.id === visit.round.sid
        await new Promise((resolve) => endings[step](req, resolve))
        // What is unset has ended when the response is out.
        if (ends && step !== 'unsets') visit.round.ended = true
      } else {
        await steps[step]({ req, res, visit, random })
      }
    }
  }

  /** Sends a request, whose steps the server finds by its number. */
  function send(visit, configuration, cookie) {
    const id = String(++number)
    visits.set(id, visit)
    return new Promise((resolve) => {
      const settle = (answer) => {
        visits.delete(id)
        resolve(answer)
      }
      const path = `/${configuration}?visit=${id}`
      const headers = cookie ? { cookie } : {}
      // Who leaves breaks a connection; where it was used before, Deno's client would ask once more on another.
      const own = visit.script?.includes('leave') ? new http.Agent({ keepAlive: true }) : agent
      visit.client = http.get({ port, host: '127.0.0.1', path, agent: own, headers }, (response) => {
        response.resume()
        response.on('error', () => settle({ end: 'cut' }))
        response.on('end', () => {
          settle({
            end: 'complete',
            status: response.statusCode,
            cookies: response.headers['set-cookie'] || []
          })
        })
      })
      visit.client.on('error', () => settle({ end: 'refused' }))
    })
  }

  /**
   * One round: a session, some requests with it in parallel, of which one ends it.
   *
   * @returns what should not have happened
   */
  async function round() {
    const seen = []
    const login = { login: true, begin() {} }
    const { cookies } = await send(login, 'plain')
    const cookie = cookies[0].split(';')[0]
    const game = { sid: login.sid, ended: false }

    const scripts = Array.from({ length: 1 + Math.floor(random() * 4) }, () => randomScript(random))
    scripts.splice(Math.floor(random() * (scripts.length + 1)), 0, endingScript(random))

    await Promise.all(
      scripts.map(async (script) => {
        const configuration = pick(random, Object.keys(configurations))
        const visit = new Visit(script, game, (what) => seen.push(`${what}, in ${configuration}: ${script}`))
        await turns(Math.floor(random() * 25))
        const { end, status, cookies } = await send(visit, configuration, cookie)
        await visit.done
        const left = script.includes('leave')
        visit.expect(left || (end === 'complete' && status === 200), `the response was ${end} ${status}`)
        const own = cookies?.find((text) => text.startsWith(`connect.sid=s%3A${game.sid}.`))
        visit.expect(!(visit.headIsLate && own), `a late response sent ${own}`)
      })
    )

    // A request that was left may still be working on its own; what it has asked the store is answered in some turns.
    for (let quiet = 0; quiet < 5; quiet++) {
      if (pending.get(game.sid)) quiet = 0
      await turns(1)
    }
    if (stored(game.sid)) seen.push(`${game.sid} came back: ${JSON.stringify(scripts)}`)
    return seen
  }

  return {
    faults,
    round,
    close: () => agent.destroy()
  }
}

/** A request, and what is known of it on both sides. */
class Visit {
  done = undefined
  client = undefined
  answered = false
  headIsLate = false
  /** Whether it came before the session had ended. */
  isEarly = false
  headIsOut = false

  constructor(script, round, broken) {
    Object.assign(this, { script, round, broken })
    this.endsIt = script.some((step) => Object.hasOwn(endings, step))
  }

  begin() {
    this.isEarly = !this.round.ended
  }

  /** Has another request ended this session, after this one had come? */
  isLate(sid) {
    return this.isEarly && !this.endsIt && this.round.ended && sid === this.round.sid
  }

  /** Called when the head of the response is about to be sent. */
  seesHead() {
    if (this.headIsOut) return
    this.headIsOut = true
    this.headIsLate = this.isLate(this.round.sid)
  }

  expect(holds, what) {
    if (!holds) this.broken(what)
  }
}

/** Counts the calls to a store that it has not answered, by session id. */
function countPending(store) {
  const pending = new Map()
  for (const name of ['get', 'set', 'touch', 'destroy']) {
    const method = store[name]
    store[name] = function (sid, ...rest) {
      const callback = rest.pop()
      pending.set(sid, (pending.get(sid) || 0) + 1)
      return method.call(this, sid, ...rest, (...answer) => {
        callback(...answer)
        const left = pending.get(sid) - 1
        if (left) pending.set(sid, left)
        else pending.delete(sid)
      })
    }
  }
  return pending
}

module.exports = { playground }
