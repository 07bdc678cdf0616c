'use strict'

// Middlewares that read or write req.session, or wrap the response, work beside it on Express 4 and 5.

const assert = require('node:assert/strict')
const compression = require('compression')
const flash = require('connect-flash')
const cookieParser = require('cookie-parser')
const { doubleCsrf } = require('csrf-csrf')
const { rateLimit } = require('express-rate-limit')
const helmet = require('helmet').default
const morgan = require('morgan')
const request = require('supertest')
const { expresses, session, usual } = require('./support/neighbours')

const countViews = (req, res) => {
  req.session.views = (req.session.views || 0) + 1
  res.send(`Views: ${req.session.views}`)
}

for (const [name, express] of Object.entries(expresses)) {
  describe(`connect-flash on ${name}`, () => {
    it('shows a message once, after a redirect', async () => {
      const app = express()
      app.use(cookieParser('keyboard cat'))
      app.use(session({ ...usual, cookie: { maxAge: 60000 } }))
      app.use(flash())
      app.get('/flash', (req, res) => {
        req.flash('info', 'Flash is back!')
        res.redirect('/')
      })
      app.get('/', (req, res) => res.json(req.flash('info')))

      const browser = request.agent(app)
      await browser.get('/flash').expect(302)
      await browser.get('/').expect(200, ['Flash is back!'])
      await browser.get('/').expect(200, [])
    })
  })

  describe(`csrf-csrf on ${name}`, () => {
    it('ties its token to the session', async () => {
      const { doubleCsrfProtection, generateCsrfToken } = doubleCsrf({
        getSecret: () => 'a secret of its own',
        getSessionIdentifier: (req) => req.session.id,
        cookieName: 'csrf',
        cookieOptions: { secure: false }
      })
      const app = express()
      app.use(session({ ...usual, saveUninitialized: true }))
      app.use(cookieParser('keyboard cat'))
      app.get('/token', (req, res) => res.json({ token: generateCsrfToken(req, res) }))
      app.use(doubleCsrfProtection)
      app.post('/change', countViews)
      // eslint-disable-next-line no-unused-vars -- Express knows an error handler by its four parameters
      app.use((error, req, res, next) => res.status(error.statusCode || 500).send(error.code))

      const browser = request.agent(app)
      const { token } = (await browser.get('/token')).body
      await browser.post('/change').expect(403)
      await browser.post('/change').set('x-csrf-token', token).expect(200, 'Views: 1')
      // Another visitor's session does not go with it.
      const other = request.agent(app)
      await other.get('/token')
      await other.post('/change').set('x-csrf-token', token).expect(403)
    })
  })

  describe(`helmet on ${name}`, () => {
    for (const order of ['before', 'after']) {
      it(`${order} the session: both have their headers`, async () => {
        const app = express()
        if (order === 'before') app.use(helmet())
        app.use(session(usual))
        if (order === 'after') app.use(helmet())
        app.get('/', countViews)

        const browser = request.agent(app)
        const { headers } = await browser.get('/').expect(200, 'Views: 1')
        assert.match(headers['content-security-policy'], /default-src 'self'/)
        assert.match(headers['set-cookie'][0], /^connect\.sid=/)
        await browser.get('/').expect('Views: 2')
      })
    }
  })

  describe(`cookie-parser on ${name}`, () => {
    for (const [what, secret] of [
      ['the same secret', usual.secret],
      ['another secret', 'something else'],
      ['no secret', undefined]
    ]) {
      it(`with ${what}: the session is kept`, async () => {
        const app = express()
        app.use(cookieParser(secret))
        app.use(session(usual))
        app.get('/', countViews)

        const browser = request.agent(app)
        await browser.get('/').expect('Views: 1')
        await browser.get('/').expect('Views: 2')
      })
    }

    it('lends its secret to a session without one', async () => {
      const app = express()
      app.use(cookieParser('lent'))
      app.use(session({ ...usual, secret: undefined }))
      app.get('/', countViews)

      const browser = request.agent(app)
      await browser.get('/').expect('Views: 1')
      await browser.get('/').expect('Views: 2')
    })
  })

  describe(`compression on ${name}`, () => {
    for (const order of ['before', 'after']) {
      it(`${order} the session: the body is compressed, the session kept`, async () => {
        const app = express()
        if (order === 'before') app.use(compression({ threshold: 0 }))
        app.use(session(usual))
        if (order === 'after') app.use(compression({ threshold: 0 }))
        app.get('/', countViews)

        const browser = request.agent(app)
        const { headers } = await browser.get('/').expect(200, 'Views: 1')
        assert.equal(headers['content-encoding'], 'gzip')
        await browser.get('/').expect('Views: 2')
      })
    }
  })

  describe(`morgan on ${name}`, () => {
    it('logs each request once, with the status and the session', async () => {
      const lines = []
      morgan.token('session', (req) => req.sessionID)
      const app = express()
      app.use(morgan(':method :url :status :session', { stream: { write: (line) => lines.push(line) } }))
      app.use(session({ ...usual, genid: () => 'one-id' }))
      app.get('/', countViews)

      await request(app).get('/').expect(200)
      assert.deepEqual(lines, ['GET / 200 one-id\n'])
    })
  })

  describe(`express-rate-limit on ${name}`, () => {
    it('counts by session', async () => {
      const app = express()
      app.use(session({ ...usual, saveUninitialized: true }))
      app.use(
        rateLimit({ windowMs: 60000, limit: 2, keyGenerator: (req) => req.sessionID, legacyHeaders: false })
      )
      app.get('/', countViews)

      const browser = request.agent(app)
      await browser.get('/').expect(200)
      await browser.get('/').expect(200)
      await browser.get('/').expect(429)
      await request(app).get('/').expect(200, 'Views: 1')
    })
  })
}
