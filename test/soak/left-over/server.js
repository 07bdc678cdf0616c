'use strict'

// The server of one section, which is named on the command line. It tells its port, and its heap when it is asked.

const http = require('node:http')
const { setTimeout: pause } = require('node:timers/promises')
const express = require('express')
const { session } = require('../../support/harness')
const { AnybodysStore } = require('./anybodys-store')

const { app: setUp, options = {} } = require(`./sections/${process.argv[2]}`)

const app = express()
app.set('env', 'test')
const server = http.createServer({ maxHeaderSize: 64 * 1024 }, app)
server.keepAliveTimeout = 0

const store = new AnybodysStore()
const sessions = session({
  secret: 'soak',
  store,
  resave: false,
  saveUninitialized: false,
  rolling: true,
  unset: 'destroy',
  cookie: { maxAge: 3_600_000 },
  ...options
})
const counts = setUp({ app, server, sessions, store })
app.get('/plain', sessions, (req, res) => res.end(req.session.user))
// eslint-disable-next-line no-unused-vars -- Express knows an error handler by its four parameters
app.use((error, req, res, next) => res.end())

server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))

const questions = {
  /** The heap, when all is quiet and what can be collected is. */
  async heap() {
    let heap = Infinity
    // Sockets close, and streams are freed, some turns of the event loop later.
    for (let i = 0; i < 5; i++) {
      await pause(100)
      globalThis.gc()
      heap = Math.min(heap, process.memoryUsage().heapUsed)
    }
    return heap
  },

  /** The processor time so far, in microseconds. */
  cpu() {
    const { user, system } = process.cpuUsage()
    return user + system
  },

  /** Something that the section counts. */
  count: (what) => counts[what],

  /** Something that the section can do. */
  act: (what) => counts[what]()
}

process.on('message', async ({ number, question, argument }) => {
  process.send({ number, answer: await questions[question](argument) })
})
process.on('disconnect', () => process.exit())
