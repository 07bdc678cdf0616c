'use strict'

// The process under load. It tells its port, and then answers what run.js asks: its figures, and what is stored.

const express = require('express')
const session = require('express-session')
const { seeded } = require('./random')
const { UnreliableStore } = require('./unreliable-store')

const store = new UnreliableStore(seeded(Number(process.argv[2])))
const page = 'x'.repeat(200_000)

/** Requests whose save at the end failed, as next(err) told: the client was not promised that it is stored. */
const notSaved = new Set()
const figures = { requests: 0, errors: 0, unhandled: 0 }
process.on('unhandledRejection', () => (figures.unhandled += 1))

const app = express()
app.set('env', 'test')
app.use((req, res, next) => {
  figures.requests += 1
  next()
})
app.use(
  session({
    secret: 'soak',
    store,
    resave: false,
    saveUninitialized: false,
    rolling: true,
    cookie: { maxAge: 3600_000 }
  })
)

const add = (req) => (req.session.items ||= []).push(req.query.id)

// Saved at the end of the response.
app.get('/add', (req, res) => {
  add(req)
  res.json({ id: req.sessionID, items: req.session.items })
})

// Saved before the response: a success is a promise.
app.get('/add-and-save', (req, res) => {
  add(req)
  req.session.save((error) => {
    if (error) return failed(res)
    res.json({ id: req.sessionID, items: req.session.items })
  })
})

app.get('/items', (req, res) => res.json({ id: req.sessionID, items: req.session.items || [] }))

app.get('/page', (req, res) => {
  add(req)
  res.set('X-Session-Id', req.sessionID)
  res.send(page)
})

app.get('/stream', (req, res) => {
  add(req)
  res.set('X-Session-Id', req.sessionID)
  res.write(page)
  setTimeout(() => res.end('end'), 2)
})

app.get('/login', (req, res) => {
  const { items } = req.session
  req.session.regenerate((error) => {
    if (error) return failed(res)
    req.session.items = items
    add(req)
    req.session.save((error) => {
      if (error) return failed(res)
      res.json({ id: req.sessionID, items: req.session.items })
    })
  })
})

app.get('/logout', (req, res) => {
  req.session.destroy((error) => (error ? failed(res) : res.json({ items: [] })))
})

function failed(res) {
  res.status(500).json({ error: 'the store failed' })
}

// eslint-disable-next-line no-unused-vars -- Express knows an error handler by its four parameters
app.use((error, req, res, next) => {
  figures.errors += 1
  notSaved.add(req.query.id)
  // When the response is out there is nothing left to say. Express's own handler would close the connection, on which the
  // client's next request may be under way.
  if (!res.headersSent) failed(res)
})

const server = app.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))

const questions = {
  figures() {
    globalThis.gc()
    return {
      ...figures,
      calls: store.calls,
      failures: store.failures,
      sessions: Object.keys(store.sessions).length,
      heap: process.memoryUsage().heapUsed,
      listeners:
        store.listenerCount('connect') + store.listenerCount('disconnect') + process.listenerCount('exit')
    }
  },
  wasNotSaved: (id) => notSaved.has(id),
  itemsOf: (sid) => itemsOf(sid),
  /** Takes a session out that no client has any more. */
  take(sid) {
    const items = itemsOf(sid)
    delete store.sessions[sid]
    return items
  },
  stored: () => Object.keys(store.sessions),
  forget: (ids) => ids.forEach((id) => notSaved.delete(id))
}

function itemsOf(sid) {
  return store.sessions[sid] ? JSON.parse(store.sessions[sid]).items : null
}

process.on('message', ({ number, question, argument }) => {
  process.send({ number, answer: questions[question](argument) })
})
process.on('disconnect', () => process.exit())
