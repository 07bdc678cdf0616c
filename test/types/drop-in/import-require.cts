// import session = require(): TypeScript's own way to import CommonJS.
import express = require('express')
import session = require('express-session')

declare module 'express-session' {
  interface SessionData {
    fromRequire?: string
  }
}

const app = express()
const store = new session.MemoryStore()
const cookie: session.CookieOptions = { maxAge: 1000 }
const options: session.SessionOptions = { secret: 'keyboard cat', store, cookie }

app.use(session(options))
app.use((req, _res, next) => {
  req.session.fromRequire = 'yes'
  next()
})
