'use strict'

// One of several processes of an app whose requests change one session.
//
//   node app.js <store> <url> <with `update`: 1 or 0> <die: 1 or 0>

const express = require('express')
const session = require('express-session')
const stores = require('./stores')

const [name, url, updates, dies] = process.argv.slice(2)

/** As docs/concurrency.md has it. */
function addUp(key, base, theirs, mine) {
  if (key !== 'count') return mine
  return (theirs ?? 0) + (mine ?? 0) - (base ?? 0)
}

async function main() {
  const { store, withUpdate } = await stores[name].open(url)
  if (Number(updates)) withUpdate()
  if (Number(dies)) dieInUpdate(store)

  const app = express()
  app.use(
    session({
      secret: 'a secret',
      resave: false,
      saveUninitialized: false,
      store,
      concurrency: addUp,
      cookie: { maxAge: 600_000 }
    })
  )
  app.get('/look', (req, res) => {
    res.json({ ...req.session, cookie: undefined })
  })
  app.get('/:key', (req, res) => {
    req.session[req.params.key] = true
    req.session.count = (req.session.count ?? 0) + 1
    res.json(req.sessionID)
  })
  // Express knows an error handler by its four parameters.
  app.use((error, req, res, _next) => {
    process.send({ error: String(error?.stack ?? error) })
    if (!res.headersSent) res.status(500).end()
  })
  process.on('disconnect', () => process.exit())
  const server = app.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
}

/** From the second change on the process dies when it has read, and not yet written. */
function dieInUpdate(store) {
  const { update } = store
  let changes = 0
  store.update = (sid, change, callback) =>
    update(
      sid,
      (stored) => {
        const changed = change(stored)
        if (++changes === 2) process.kill(process.pid, 'SIGKILL')
        return changed
      },
      callback
    )
}

main()
