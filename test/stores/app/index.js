'use strict'

// An app as users have it: Express, express-session and one store. The tests talk to it over HTTP as browsers do, and
// over the channel to its parent process for what no browser sees.
//
//   node app/index.js <module of the configuration> <what its open() is given, as JSON>

const diagnostics = require('node:diagnostics_channel')
const { pathToFileURL } = require('node:url')
const express = require('express')
const record = require('./record')
const { RequestTimes } = require('./request-times')
const routes = require('./routes')

const [modulePath, given] = process.argv.slice(2)

async function main() {
  const { session, open } = await import(pathToFileURL(modulePath))
  const { store, raw } = await open(JSON.parse(given))
  const calls = record(store)

  const times = new RequestTimes()
  const messages = []
  let middleware
  const answers = {
    /** Serves requests from now on by a session() with these options. */
    use(options) {
      middleware = session({ secret: 'a secret', resave: false, saveUninitialized: false, store, ...options })
    },

    /** The calls to the store since the last time this was asked. */
    calls: () => calls.splice(0),

    /** Times requests from now on. */
    time: () => times.start(),

    /** What the longest of these took, without what the machine was busy with. */
    longest: () => times.longest,

    /** Listens to the diagnostics channels from now on. */
    listen() {
      for (const action of ['load', 'save', 'touch', 'destroy', 'regenerate']) {
        diagnostics.subscribe(
          `express-session:${action}`,
          ({ store: its, ref, outcome, duration, error, req }) => {
            const isWhole = its === store && duration >= 0 && req !== undefined
            messages.push({ action, ref, outcome, isWhole, error: error && String(error) })
          }
        )
      }
    },

    /** What they have said since the last time this was asked. */
    heard: () => messages.splice(0),

    /** Which methods the store has. */
    methods: () =>
      ['get', 'set', 'destroy', 'touch', 'all', 'length', 'clear'].filter(
        (name) => typeof store[name] === 'function'
      ),

    /** Calls a method of the store. */
    store: ({ method, args }) =>
      new Promise((resolve, reject) => {
        // ENOENT is a store's way to say that there is no such session.
        const answer = (error, result) => (error && error.code !== 'ENOENT' ? reject(error) : resolve(result))
        // A store may return a promise beside taking a callback: its rejection is the same error again.
        Promise.resolve(store[method](...args.map(revive), answer)).catch(reject)
      }),

    /** Which express-session the app and its store are on. */
    whose: () => ({
      file: session === require('express-session') && require.resolve('express-session'),
      hasStore: store instanceof session.Store
    }),

    /** What the server holds, as text. */
    raw: (sid) => raw?.(sid)
  }

  const app = express()
  app.disable('x-powered-by')
  app.use((req, res, next) => {
    times.time(res)
    middleware(req, res, next)
  })
  app.get('/see', (req, res) => {
    const inLoop = []
    for (const name in req.session) inLoop.push(name)
    res.json({
      id: req.sessionID,
      reason: session.infoOf(req).reason,
      names: [Object.keys(req.session), Object.keys({ ...req.session }), inLoop],
      session: req.session
    })
  })
  app.use(routes)
  // Express knows an error handler by its four parameters.
  app.use((error, req, res, _next) => {
    if (!res.headersSent) res.status(error.status ?? 500).json({ error: error.message || String(error) })
  })

  process.on('message', async ({ number, ask, argument }) => {
    try {
      process.send({ number, answer: plain(await answers[ask](argument)) })
    } catch (error) {
      process.send({ number, error: error?.message || String(error) })
    }
  })
  // The tests are over, or have died.
  process.on('disconnect', () => process.exit())

  const server = app.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
}

/** The channel carries JSON: dates travel as `{ $date }`. */
function revive(value) {
  if (value === null || typeof value !== 'object') return value
  if ('$date' in value) return new Date(value.$date)
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revive(inner)]))
}

function plain(value) {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}

main()
