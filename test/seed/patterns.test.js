'use strict'

// The common patterns of the user's document work as they stand there.

const assert = require('node:assert/strict')
const express = require('express')
const session = require('express-session')
const request = require('supertest')

describe('the seed: common patterns', () => {
  let app, browser

  beforeEach(() => {
    app = express()
    app.use(express.json())
    app.use(session({ secret: 'keyboard cat', resave: false, saveUninitialized: false }))
    browser = request.agent(app)
  })

  it('authentication', async () => {
    const authenticate = async (email, password) =>
      email === 'ada@example.com' && password === 'secret' ? { id: 1, email, role: 'admin', hash: '#' } : null

    // Login
    app.post('/login', async (req, res) => {
      const { email, password } = req.body
      const user = await authenticate(email, password)

      if (!user) {
        return res.status(401).json({ error: 'Invalid credentials' })
      }

      req.session.regenerate((err) => {
        if (err) return res.status(500).send('Error')

        req.session.user = {
          id: user.id,
          email: user.email,
          role: user.role
        }

        res.json({ message: 'Logged in', user: req.session.user })
      })
    })

    // Auth middleware
    function requireAuth(req, res, next) {
      if (!req.session.user) {
        return res.status(401).json({ error: 'Not authenticated' })
      }
      next()
    }

    // Protected route
    app.get('/dashboard', requireAuth, (req, res) => {
      res.json({ user: req.session.user })
    })

    const user = { id: 1, email: 'ada@example.com', role: 'admin' }
    await browser.get('/dashboard').expect(401, { error: 'Not authenticated' })
    await browser
      .post('/login')
      .send({ email: user.email, password: 'guess' })
      .expect(401, { error: 'Invalid credentials' })
    await browser
      .post('/login')
      .send({ email: user.email, password: 'secret' })
      .expect(200, { message: 'Logged in', user })
    await browser.get('/dashboard').expect(200, { user })
    await request(app).get('/dashboard').expect(401)
  })

  it('flash messages', async () => {
    app.engine('html', (file, { flash }, done) =>
      done(null, flash ? `${flash.type}: ${flash.message}` : 'nothing')
    )
    app.set('view engine', 'html')
    app.set('views', require('node:path').join(__dirname, 'views'))

    // Set flash message
    app.post('/action', (req, res) => {
      // Do something...
      req.session.flash = { type: 'success', message: 'Action completed!' }
      res.redirect('/result')
    })

    // Display and clear flash
    app.get('/result', (req, res) => {
      const flash = req.session.flash
      delete req.session.flash // Clear after reading

      res.render('result', { flash })
    })

    const action = await browser.post('/action').expect(302)
    assert.equal(action.headers.location, '/result')
    await browser.get('/result').expect(200, 'success: Action completed!')
    await browser.get('/result').expect(200, 'nothing')
  })

  it('a shopping cart', async () => {
    // Add to cart
    app.post('/cart/add', (req, res) => {
      const { productId, quantity } = req.body

      if (!req.session.cart) {
        req.session.cart = []
      }

      const existing = req.session.cart.find((item) => item.productId === productId)
      if (existing) {
        existing.quantity += quantity
      } else {
        req.session.cart.push({ productId, quantity })
      }

      res.json({ cart: req.session.cart })
    })

    // View cart
    app.get('/cart', (req, res) => {
      res.json({ cart: req.session.cart || [] })
    })

    await browser.get('/cart').expect({ cart: [] })
    await browser.post('/cart/add').send({ productId: 'tea', quantity: 1 })
    await browser.post('/cart/add').send({ productId: 'cup', quantity: 2 })
    await browser.post('/cart/add').send({ productId: 'tea', quantity: 3 })
    const cart = [
      { productId: 'tea', quantity: 4 },
      { productId: 'cup', quantity: 2 }
    ]
    await browser.get('/cart').expect({ cart })
    await request(app).get('/cart').expect({ cart: [] })
  })

  for (const isProduction of [false, true]) {
    it(`the ${isProduction ? 'production' : 'development'} configuration`, async () => {
      const app = express()
      const sessionConfig = {
        secret: 'from the environment',
        name: 'myapp.sid',
        resave: false,
        saveUninitialized: false,
        cookie: {
          httpOnly: true,
          secure: isProduction,
          sameSite: isProduction ? 'strict' : 'lax',
          maxAge: 24 * 60 * 60 * 1000 // 1 day
        }
      }

      // Trust proxy in production (if behind load balancer)
      if (isProduction) {
        app.set('trust proxy', 1)
      }

      app.use(session(sessionConfig))
      app.get('/', (req, res) => {
        req.session.views = (req.session.views || 0) + 1
        res.send(`Views: ${req.session.views}`)
      })

      const browser = request.agent(app)
      const behindProxy = () => browser.get('/').set('X-Forwarded-Proto', 'https')
      const response = await (isProduction ? behindProxy() : browser.get('/'))
      const attributes = response.headers['set-cookie'][0].split('; ').slice(1)
      assert.deepEqual(
        attributes.filter((attribute) => !attribute.startsWith('Expires=')),
        isProduction
          ? ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Strict']
          : ['Path=/', 'HttpOnly', 'SameSite=Lax']
      )

      if (isProduction) {
        // Over plain http the cookie would never come back; it is not sent.
        assert.equal((await request(app).get('/')).headers['set-cookie'], undefined)
      }
    })
  }
})
