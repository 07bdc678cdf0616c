'use strict'

// One of the processes: `node worker.js <configuration> <what it is given, as JSON>`.

const { once } = require('node:events')
const http = require('node:http')
const express = require('express')

const [id, given] = process.argv.slice(2)
const configuration = require(`../../configurations/${id}`)
const { session } = configuration

const { now } = Date
let letGo
let noteSlow
const isSlow = new Promise((resolve) => (noteSlow = resolve))

async function main() {
  const { store } = await configuration.open(JSON.parse(given))
  const app = express().set('env', 'test')
  app.use(
    session({
      store,
      secret: 'keyboard cat',
      resave: false,
      saveUninitialized: false,
      proxy: true,
      // Longer than all the time that the test lets pass: what the store forgets is not what is tried.
      cookie: { maxAge: 24 * 3_600_000 },
      deviceBound: { when: ({ user }) => user !== undefined }
    })
  )
  const routes = {
    '/login': async (req) => {
      await req.session.regenerate()
      req.session.user = 'ada'
    },
    '/write': (req) => (req.session.written = (req.session.written ?? 0) + 1),
    '/slow': (req) => {
      req.session.slow = true
      noteSlow()
      return new Promise((resolve) => (letGo = resolve))
    },
    '/logout': (req) => req.session.destroy()
  }
  app.use(async (req, res) => {
    await routes[req.path]?.(req)
    const { reason, isBound } = session.infoOf(req)
    res.json({ user: req.session?.user, reason, isBound })
  })
  const server = http.createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')

  process.on('message', async ({ later, until, letGo: isLetGo }) => {
    if (later !== undefined) Date.now = () => now() + later
    if (until) await isSlow
    if (isLetGo) letGo()
    process.send({ done: true })
  })
  process.send({ port: server.address().port })
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
