const express = require('express')

/**
 * One Express app for all contenders of a process: each app has prototypes of its own for requests and responses, and a
 * process that has several of them runs slower than any real one.
 */
let app
let current

const straightOn = (req, res, next) => next()

/**
 * An Express 5 app with one middleware.
 *
 * @param handler - of `/`; the first one that is given serves all
 */
function expressApp(handler, middleware = straightOn) {
  if (!app) {
    app = express()
    app.use((req, res, next) => current(req, res, next))
    app.get('/', handler)
  }
  return (req, res) => {
    current = middleware
    app(req, res)
  }
}

module.exports = { expressApp }
