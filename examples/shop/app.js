'use strict'

// A small shop made of the patterns that sessions are used for. Every page is a few lines; start reading at
// the routes. `createShop` gets its store from outside, so that examples/cluster can serve the same shop
// from several processes.

const express = require('express')
const session = require('express-session')
const { deviceOf } = require('./devices')
const pages = require('./pages')
const { findProduct } = require('./products')
const { authenticate } = require('./users')

const MINUTE = 60 * 1000 // in milliseconds
const LONGEST_STAY = 15

const apiTransport = session.headerTransport()

function createShop({ secret, store, deviceBound, concurrency }) {
  const app = express()

  // Behind one load balancer that ends TLS: believe its X-Forwarded-Proto, so that `secure: 'auto'` knows.
  app.set('trust proxy', 1)
  app.use(express.urlencoded({ extended: false }))
  app.use(express.json())

  // Who asks for JSON gets another answer, and has the session id in another place: caches are to know.
  app.use((req, res, next) => {
    res.vary('Accept')
    next()
  })

  const sessions = session({
    secret,
    store,
    deviceBound, // see examples/device-bound
    concurrency, // see examples/cluster
    name: 'shop.sid',
    resave: false,
    saveUninitialized: false,
    hashSessionIds: true, // who reads the store finds no id that opens a session
    user: ({ user }) => user?.id, // for the page of devices below
    maxSessions: 20,
    // Every answer carries the cookie, and so no cache keeps it: not even the browser's, for its back button.
    rolling: true,
    cacheControl: true,
    clearCookie: true, // at logout
    // However active. The cookie has no maxAge: the browser would drop it by itself, and nobody could say why.
    absoluteTimeout: LONGEST_STAY * MINUTE,
    cookie: { httpOnly: true, sameSite: 'lax', secure: 'auto' },
    // Browsers have a cookie; API clients the header X-Session-Id, which they send back.
    transport: (req) => (isApiClient(req) ? apiTransport : 'cookie')
  })
  app.use(sessions)

  // The visit counter: whatever is put on req.session is there at the next request.
  app.get('/', (req, res) => {
    req.session.views = (req.session.views || 0) + 1
    show(req, res, 'home', { views: req.session.views })
  })

  app.get('/login', (req, res) => show(req, res, 'login'))

  // A new id at login, so that an id somebody planted in this browser before is worth nothing (session
  // fixation). The cart moves into the new session.
  app.post('/login', (req, res, next) => {
    const user = authenticate(req.body?.email, req.body?.password)
    if (!user) {
      req.session.flash = { type: 'error', message: 'Wrong email or password.' }
      return goOn(req, res, '/login', 401)
    }

    const { cart } = req.session
    req.session.regenerate((err) => {
      if (err) return next(err)

      req.session.user = user
      if (cart) req.session.cart = cart
      req.session.flash = { type: 'success', message: `Welcome, ${user.name}!` }
      goOn(req, res, '/account')
    })
  })

  app.get('/account', requireAuth, (req, res) => {
    const { isBound } = session.infoOf(req)
    show(req, res, 'account', { endOfSessionId: req.sessionID.slice(-4), isBound })
  })

  // Where somebody is logged in: this device first, then the latest login.
  app.get('/devices', requireAuth, async (req, res) => {
    const here = sessions.refOf(req)
    const devices = (await sessions.sessionsOf(req.session.user.id)).map((found) => deviceOf(found, here))
    devices.sort((one, other) => other.isHere - one.isHere)
    show(req, res, 'devices', { devices })
  })

  app.post('/devices/end', requireAuth, async (req, res) => {
    const ref = req.body?.ref
    if (typeof ref !== 'string' || ref === '') {
      res.status(400)
      return show(req, res, 'message', { text: 'Which device?' })
    }
    const ended = await sessions.endSessionsOf(req.session.user.id, { ref })
    tellOfEnded(req, ended, 'That device is logged out.')
    goOn(req, res, '/devices')
  })

  app.post('/devices/end-others', requireAuth, async (req, res) => {
    const ended = await sessions.endSessionsOf(req.session.user.id, { except: req })
    tellOfEnded(req, ended, 'All other devices are logged out.')
    goOn(req, res, '/devices')
  })

  app.get('/cart', (req, res) => show(req, res, 'cart'))

  app.post('/cart/add', (req, res) => {
    const product = findProduct(req.body?.productId)
    const quantity = Number(req.body?.quantity ?? 1)
    if (!product || !Number.isInteger(quantity) || quantity < 1 || quantity > 99) {
      res.status(400)
      return show(req, res, 'message', { text: 'There is no such product, or not that many.' })
    }

    const cart = (req.session.cart ||= [])
    const existing = cart.find((item) => item.productId === product.id)
    if (existing) {
      existing.quantity += quantity
    } else {
      cart.push({ productId: product.id, quantity })
    }

    req.session.flash = { type: 'success', message: `${product.name} is in your cart.` }
    goOn(req, res, '/cart')
  })

  app.post('/cart/empty', (req, res) => {
    delete req.session.cart
    goOn(req, res, '/cart')
  })

  // For a page that stays open for long: a script asks this now and then. Where the cookie has a maxAge, the
  // session does not idle out.
  app.get('/keep-alive', (req, res) => {
    req.session.touch()
    res.send('Session refreshed')
  })

  app.post('/logout', (req, res, next) => {
    req.session.destroy((err) => {
      if (err) next(err)
      else goOn(req, res, '/')
    })
  })

  app.use((req, res) => {
    res.status(404)
    show(req, res, 'message', { text: 'There is no such page.' })
  })

  // What has gone wrong is for the log: visitors are told in a page of the shop.
  app.use((err, req, res, next) => {
    const status = err.status >= 400 && err.status < 600 ? err.status : 500
    if (status >= 500 && app.get('env') !== 'test') console.error(err)
    if (res.headersSent) return next(err)
    res.status(status)
    show(req, res, 'message', { text: apology(status) })
  })

  return app
}

function requireAuth(req, res, next) {
  if (req.session.user) return next()

  const hasExpired = session.infoOf(req)?.reason === 'expired'
  const message = hasExpired ? `You were logged out after ${LONGEST_STAY} minutes.` : 'Please log in first.'
  req.session.flash = { type: 'error', message }
  goOn(req, res, '/login', 401)
}

function apology(status) {
  if (status === 413) return 'That is more than this shop can take.'
  return status < 500 ? 'The shop did not understand that.' : 'Something went wrong. Please try again later.'
}

function tellOfEnded(req, ended, message) {
  const isDone = ended > 0
  req.session.flash = {
    type: isDone ? 'success' : 'error',
    message: isDone ? message : 'There was nothing to log out any more.'
  }
}

function isApiClient(req) {
  return req.accepts(['html', 'json']) === 'json'
}

// Browsers get a page, API clients what it would show.
function show(req, res, page, details) {
  const shown = { ...visitor(req), ...details }
  // An error page may be one that nobody sees, such as that of /favicon.ico: then the flash message waits.
  if (res.statusCode < 400) shown.flash = takeFlash(req)
  if (isApiClient(req)) res.json(shown)
  else res.send(pages[page](shown))
}

// When something has been done: browsers go on to a page, API clients are told at once, by the status too.
function goOn(req, res, path, status = 200) {
  if (isApiClient(req)) res.status(status).json({ ...visitor(req), flash: takeFlash(req) })
  else res.redirect(path)
}

// What every page shows. After a logout there is no session, and where the store has failed there is none either.
function visitor(req) {
  const { user, cart = [] } = req.session ?? {}
  return { user, cart }
}

// Reading the flash message clears it: it is shown once.
function takeFlash(req) {
  const { flash } = req.session ?? {}
  if (flash) delete req.session.flash
  return flash
}

module.exports = { createShop }
