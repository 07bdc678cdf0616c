'use strict'

const express = require('express')
const session = require('express-session')

/** Options that most apps have; what a test is about comes on top. */
const usual = { secret: 'keyboard cat', resave: false, saveUninitialized: false }

/**
 * An Express app with a session and one handler for everything. Errors that reach its error handler are put into
 * `app.errors`.
 */
function appWith(options, handler) {
  const app = express()
  app.errors = []
  app.use(session({ ...usual, ...options }))
  app.use(handler)
  app.use((error, req, res, next) => {
    app.errors.push(error)
    if (res.headersSent) next(error)
    else res.status(500).send(error.message)
  })
  return app
}

/** The text of the session cookie a response sets, or undefined. */
function cookieOf(response, name = 'connect.sid') {
  return (response.headers['set-cookie'] || []).find((text) => text.startsWith(name + '='))
}

/** What a browser would send back. */
function sentBack(response, name) {
  return cookieOf(response, name).split(';')[0]
}

/** Runs something, and collects the process warnings given meanwhile. */
async function warningsDuring(something) {
  const warnings = []
  const listener = (warning) => warnings.push(warning)
  process.on('warning', listener)
  try {
    await something()
    await new Promise(setImmediate)
  } finally {
    process.removeListener('warning', listener)
  }
  return warnings.filter(({ name }) => name === 'SessionWarning')
}

module.exports = { appWith, cookieOf, sentBack, usual, warningsDuring }
