'use strict'

// One of several processes of an app that knows the sessions of its users.
//
//   node app.js <store> <url> <with `update`: 1 or 0> <options as JSON>

const express = require('express')
const session = require('express-session')
const stores = require('./stores')

const [name, url, updates, options] = process.argv.slice(2)

async function main() {
  const { store, withUpdate } = await stores[name].open(url)
  if (Number(updates)) withUpdate()

  const app = express()
  const sessions = session({
    secret: 'a secret',
    resave: false,
    saveUninitialized: false,
    store,
    user: ({ user }) => user,
    cookie: { maxAge: 600_000 },
    ...JSON.parse(options)
  })
  app.use(sessions)
  app.get('/login/:user', async (req, res) => {
    await req.session.regenerate()
    req.session.user = req.params.user
    res.json({ ref: sessions.refOf(req) })
  })
  app.get('/logout', async (req, res) => {
    await req.session.destroy()
    res.json({})
  })
  app.get('/renew', async (req, res) => {
    await req.session.regenerate({ preserve: true, grace: 60_000 })
    res.json({ ref: sessions.refOf(req) })
  })
  app.get('/write', (req, res) => {
    if (req.session.user) req.session.count = (req.session.count ?? 0) + 1
    res.json({ user: req.session.user })
  })
  app.get('/look', (req, res) => {
    res.json({ user: req.session.user, ref: sessions.refOf(req) })
  })
  app.get('/list/:user', async (req, res) => {
    res.json(await sessions.sessionsOf(req.params.user))
  })
  app.get('/end/:user', async (req, res) => {
    const { ref, others } = req.query
    res.json(await sessions.endSessionsOf(req.params.user, { ref, except: others && req }))
  })
  // Express knows an error handler by its four parameters.
  app.use((error, req, res, _next) => {
    // Somebody has ended it meanwhile: that is what is tried.
    if (error.code === 'ESESSIONENDED') return res.json({})
    process.send({ error: String(error?.stack ?? error) })
    if (!res.headersSent) res.status(500).end()
  })
  process.on('disconnect', () => process.exit())
  const server = app.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
  // No connection ends just when a request is sent.
  server.keepAliveTimeout = 600_000
}

main()
