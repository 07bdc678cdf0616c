'use strict'

// A login by passport gets a new session, and its logout ends it; a session whose id is renewed later stays logged in.

const assert = require('node:assert/strict')
const { Strategy } = require('passport-local')
const request = require('supertest')
const { cookiesOf, expresses, session, usual } = require('./support/neighbours')

const passports = { 0.7: require('passport'), 0.6: require('passport-0.6') }
const users = { 1: { id: 1, username: 'ada', password: 'analytical' } }

function appWith({ Passport }, express, authenticateOptions = {}, options = {}) {
  const passport = new Passport()
  passport.use(
    new Strategy((username, password, done) => {
      const user = Object.values(users).find((candidate) => candidate.username === username)
      done(null, user && user.password === password ? user : false)
    })
  )
  passport.serializeUser((user, done) => done(null, user.id))
  passport.deserializeUser((id, done) => done(null, users[id]))

  const app = express()
  const store = new session.MemoryStore()
  app.use(express.urlencoded({ extended: false }))
  const sessions = session({ ...usual, store, ...options })
  app.use(sessions)
  app.use(passport.initialize())
  app.use(passport.session())
  app.get('/before', (req, res) => {
    req.session.before = 'kept'
    res.send(req.sessionID)
  })
  app.post(
    '/login/password',
    passport.authenticate('local', { failureRedirect: '/login', ...authenticateOptions }),
    (req, res) => res.redirect('/profile')
  )
  app.get('/profile', (req, res) => {
    res.json({
      user: req.user?.username,
      authenticated: req.isAuthenticated(),
      before: req.session.before,
      id: req.sessionID
    })
  })
  app.post('/logout', (req, res, next) => {
    const keepSessionInfo = req.query.keep !== undefined
    req.logout({ keepSessionInfo }, (error) => (error ? next(error) : res.redirect('/')))
  })
  app.post('/renew', async (req, res) => {
    await req.session.regenerate({ preserve: true, grace: 10_000 })
    res.redirect('/profile')
  })
  return { app, browser: request.agent(app), store, sessions }
}

const ada = { username: 'ada', password: 'analytical' }
const logIn = (browser, credentials = ada) => browser.post('/login/password').type('form').send(credentials)

for (const [version, passport] of Object.entries(passports)) {
  for (const [name, express] of Object.entries(expresses)) {
    describe(`passport ${version} on ${name}`, () => {
      it('logs in under a new session id, stays logged in, and logs out', async () => {
        const { browser, store } = appWith(passport, express)
        const { text: before } = await browser.get('/before')

        const login = await logIn(browser)
        assert.equal(login.headers.location, '/profile')
        const { body } = await browser.get('/profile')
        assert.equal(body.user, 'ada')
        assert.equal(body.authenticated, true)
        assert.notEqual(body.id, before)
        assert.deepEqual(Object.keys(store.sessions), [body.id])

        await browser.post('/logout').expect(302)
        const { body: after } = await browser.get('/profile')
        assert.deepEqual([after.user, after.authenticated], [undefined, false])
        assert.notEqual(after.id, body.id)
      })

      it('refuses a wrong password', async () => {
        const { browser } = appWith(passport, express)
        const login = await logIn(browser, { username: 'ada', password: 'guess' })
        assert.equal(login.headers.location, '/login')
        assert.equal((await browser.get('/profile')).body.authenticated, false)
      })

      it('drops what was in the session before the login', async () => {
        const { browser } = appWith(passport, express)
        await browser.get('/before')
        await logIn(browser)
        assert.equal((await browser.get('/profile')).body.before, undefined)
      })

      it('keeps it with keepSessionInfo', async () => {
        const { browser } = appWith(passport, express, { keepSessionInfo: true })
        await browser.get('/before')
        await logIn(browser)
        const { body } = await browser.get('/profile')
        assert.deepEqual([body.user, body.before], ['ada', 'kept'])

        await browser.post('/logout?keep').expect(302)
        const { body: after } = await browser.get('/profile')
        assert.deepEqual([after.user, after.before], [undefined, 'kept'])
        assert.notEqual(after.id, body.id)
      })

      it('opens nothing by the id from before the login, nor by the one from before the logout', async () => {
        const { browser, app } = appWith(passport, express, { keepSessionInfo: true })
        const ids = [cookiesOf(await browser.get('/before')), cookiesOf(await logIn(browser))]
        await browser.post('/logout?keep').expect(302)
        for (const cookie of ids) {
          const { body } = await request(app).get('/profile').set('cookie', cookie)
          assert.deepEqual([body.user, body.before], [undefined, undefined])
        }
      })

      it('has sessions that are those of its user: they are listed, renewed and ended', async () => {
        const user = ({ passport: found }) => found?.user
        const { app, browser, sessions } = appWith(passport, express, {}, { user })
        const phone = request.agent(app)
        await browser.get('/before')
        assert.equal((await sessions.sessionsOf('1')).length, 0)
        for (const visitor of [browser, phone]) await logIn(visitor)
        assert.equal((await sessions.sessionsOf('1')).length, 2)

        await phone.post('/renew').expect(302)
        const { body } = await phone.get('/profile')
        assert.equal(body.user, 'ada')
        const here = sessions.refOf({ sessionID: body.id })
        const found = await sessions.sessionsOf('1')
        assert.equal(found.length, 2)
        const { ref } = found.find((one) => one.ref !== here)
        assert.ok(found.some((one) => one.ref === here))

        assert.equal(await sessions.endSessionsOf('1', { ref }), 1)
        assert.equal((await browser.get('/profile')).body.authenticated, false)
        assert.equal((await phone.get('/profile')).body.authenticated, true)
        await phone.post('/logout').expect(302)
        assert.deepEqual(await sessions.sessionsOf('1'), [])
      })

      it('stays logged in when the id is renewed, and logs out by the old id, too', async () => {
        const { browser, app, store } = appWith(passport, express)
        const old = cookiesOf(await logIn(browser))
        const renewed = cookiesOf(await browser.post('/renew').expect(302))
        assert.notEqual(renewed, old)
        for (const cookie of [old, renewed]) {
          const { body } = await request(app).get('/profile').set('cookie', cookie)
          assert.equal(body.user, 'ada')
        }
        await request(app).post('/logout').set('cookie', old).expect(302)
        for (const cookie of [old, renewed]) {
          const { body } = await request(app).get('/profile').set('cookie', cookie)
          assert.equal(body.user, undefined)
        }
        assert.ok(!JSON.stringify(store.sessions).includes('"user"'))
      })
    })
  }
}
