'use strict'

// A small shop made of the patterns that sessions are used for. Every page is a few lines; start reading at
// the routes. `createShop` gets its store from outside, so that examples/cluster can serve the same shop
// from several processes.

const express = require('express')
const session = require('express-session')
const pages = require('./pages')
const { findProduct } = require('./products')
const { authenticate } = require('./users')

const IDLE_TIMEOUT = 30 * 60 * 1000 // half an hour, in milliseconds

function createShop({ secret, store, deviceBound }) {
  const app = express()

  // Behind one load balancer that ends TLS: believe its X-Forwarded-Proto, so that `secure: 'auto'` knows.
  app.set('trust proxy', 1)
  app.use(express.urlencoded({ extended: false }))
  app.use(
    session({
      secret,
      store,
      deviceBound, // see examples/device-bound
      name: 'shop.sid',
      resave: false,
      saveUninitialized: false,
      rolling: true, // every answer restarts the idle timeout
      cookie: { httpOnly: true, sameSite: 'lax', secure: 'auto', maxAge: IDLE_TIMEOUT }
    })
  )

  // The visit counter: whatever is put on req.session is there at the next request.
  app.get('/', (req, res) => {
    req.session.views = (req.session.views || 0) + 1
    res.send(pages.home(visitor(req), req.session.views))
  })

  app.get('/login', (req, res) => res.send(pages.login(visitor(req))))

  // A new id at login, so that an id somebody planted in this browser before is worth nothing (session
  // fixation). The cart moves into the new session.
  app.post('/login', (req, res, next) => {
    const user = authenticate(req.body?.email, req.body?.password)
    if (!user) {
      req.session.flash = { type: 'error', message: 'Wrong email or password.' }
      return res.redirect('/login')
    }

    const { cart } = req.session
    req.session.regenerate((err) => {
      if (err) return next(err)

      req.session.user = user
      if (cart) req.session.cart = cart
      req.session.flash = { type: 'success', message: `Welcome, ${user.name}!` }
      res.redirect('/account')
    })
  })

  app.get('/account', requireAuth, (req, res) => {
    const { isBound } = session.infoOf(req)
    res.send(pages.account(visitor(req), req.sessionID, isBound))
  })

  app.get('/cart', (req, res) => res.send(pages.cart(visitor(req))))

  app.post('/cart/add', (req, res) => {
    const product = findProduct(req.body?.productId)
    const quantity = Number(req.body?.quantity ?? 1)
    if (!product || !Number.isInteger(quantity) || quantity < 1 || quantity > 99) {
      return res.status(400).send(pages.message(visitor(req), 'There is no such product, or not that many.'))
    }

    const cart = (req.session.cart ||= [])
    const existing = cart.find((item) => item.productId === product.id)
    if (existing) {
      existing.quantity += quantity
    } else {
      cart.push({ productId: product.id, quantity })
    }

    req.session.flash = { type: 'success', message: `${product.name} is in your cart.` }
    res.redirect('/cart')
  })

  app.post('/cart/empty', (req, res) => {
    delete req.session.cart
    res.redirect('/cart')
  })

  // For a page that stays open for long: a script asks this now and then, and the session does not idle out.
  app.get('/keep-alive', (req, res) => {
    req.session.touch()
    res.send('Session refreshed')
  })

  app.post('/logout', (req, res, next) => {
    req.session.destroy((err) => {
      if (err) return next(err)

      res.clearCookie('shop.sid')
      res.redirect('/')
    })
  })

  app.use((req, res) => res.status(404).send(pages.message(visitor(req), 'There is no such page.')))

  return app
}

function requireAuth(req, res, next) {
  if (req.session.user) return next()

  req.session.flash = { type: 'error', message: 'Please log in first.' }
  res.redirect('/login')
}

// What every page shows. Reading the flash message clears it: it is shown once.
function visitor(req) {
  const { user, cart = [], flash } = req.session
  delete req.session.flash
  return { user, cart, flash }
}

module.exports = { createShop }
