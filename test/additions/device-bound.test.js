'use strict'

// A session that is bound to a device is not opened by a stolen cookie: within minutes only the browser that holds the key
// still has it. Whoever has another browser notices nothing.

const assert = require('node:assert/strict')
const { stopClock } = require('../support/clock')
const { boundVisitor, serveBound, storedIn, stores } = require('../support/device-app')
const { closeAll, gate, until } = require('../support/harness')

const MINUTE = 60_000

for (const [kind, SomeStore] of Object.entries(stores)) {
  describe(`a session bound to a device, on ${kind},`, () => {
    let clock, store

    beforeEach(() => {
      clock = stopClock()
      store = new SomeStore()
    })

    afterEach(async () => {
      clock.restore()
      await closeAll()
    })

    /** The id of the session that a browser has. */
    const idOf = async (served, browser) => (await served.whoIs(browser.cookies())).id

    it('is offered at login, registered, and bound by the next page', async () => {
      const served = await serveBound({ store })
      const browser = served.browser()
      const login = await browser.page('/login')
      assert.equal(login.offer.path, '/dbsc/register')
      assert.equal(login.offer.algorithms, 'ES256 RS256')
      assert.deepEqual(browser.takeAsked(), ['register 200'])

      const unbound = await storedIn(store, 'id2')
      assert.equal(unbound.__session, undefined)
      assert.deepEqual(JSON.parse((await browser.page('/')).body), {
        user: 'ada',
        id: 'id2',
        reason: 'found',
        isBound: true
      })
      const { device } = (await storedIn(store, 'id2')).__session
      assert.deepEqual([device.at, device.kid.length], [Date.now(), 22])
      assert.deepEqual(browser.takeAsked(), [])
    })

    it('is dead for who copied its cookies, once their time is over, and alive for the browser', async () => {
      const { browser, whoIs } = await boundVisitor({ store })
      const loot = browser.cookies()
      assert.equal((await whoIs(loot)).user, 'ada')

      clock.tick(10 * MINUTE)
      assert.deepEqual([(await whoIs(loot)).user, (await whoIs(loot)).reason], [undefined, 'unproven'])
      assert.equal(JSON.parse((await browser.page('/')).body).user, 'ada')
      assert.deepEqual(browser.takeAsked(), ['refresh 403', 'refresh 200'])
      assert.equal((await whoIs(loot)).user, undefined)
    })

    it('is dead at once for who copied the session cookie alone', async () => {
      const { browser, alone, whoIs } = await boundVisitor({ store })
      clock.tick(10_001)
      assert.equal((await whoIs(alone)).reason, 'unproven')
      assert.equal(JSON.parse((await browser.page('/')).body).user, 'ada')
      assert.deepEqual(browser.takeAsked(), [])
    })

    it('goes on without its bound cookie for the ten seconds in which requests are still on their way', async () => {
      const { alone, whoIs } = await boundVisitor({ store })
      clock.tick(10_000)
      assert.equal((await whoIs(alone)).user, 'ada')
      clock.tick(1)
      assert.equal((await whoIs(alone)).user, undefined)
    })

    it('is saved once to be bound, and only read from then on', async () => {
      const served = await serveBound({ store })
      const browser = served.browser()
      await browser.page('/login')
      store.takeCalls()
      await browser.page('/')
      assert.deepEqual(store.takeCalls(), ['get id2', 'set id2'])
      await browser.page('/')
      await browser.fetch('/')
      assert.deepEqual(
        store.takeCalls().filter((call) => !call.startsWith('touch')),
        ['get id2', 'get id2']
      )
    })

    it('is written to at no endpoint', async () => {
      const { browser } = await boundVisitor({ store })
      clock.tick(10 * MINUTE)
      const [deviceSession] = browser.deviceSessions.values()
      store.takeCalls()
      await browser.refresh(deviceSession)
      assert.deepEqual(store.takeCalls(), ['get id2', 'get id2'])
    })

    it('stays bound whatever is written to it, saved and loaded again', async () => {
      const { browser, whoIs } = await boundVisitor({ store }, (app) => {
        app.get('/save', async (req, res) => {
          req.session.written = 'now'
          await req.session.save()
          await req.session.reload()
          req.session.again = req.session.written
          res.end()
        })
      })
      await browser.page('/write')
      await browser.page('/save')
      assert.equal((await storedIn(store, 'id2')).again, 'now')
      clock.tick(MINUTE)
      assert.equal((await whoIs(`connect.sid=${browser.cookie('connect.sid')}`)).reason, 'unproven')
    })

    it('ends for the device, too, at the logout', async () => {
      const { browser } = await boundVisitor({ store })
      await browser.page('/logout')
      clock.tick(10 * MINUTE)
      await browser.page('/')
      assert.deepEqual(browser.takeAsked(), ['refresh 200'])
      assert.equal(browser.deviceSessions.size, 0)
      assert.equal(JSON.parse((await browser.page('/')).body).user, undefined)
    })

    it('ends for the device when it gets a new id, and the new one is bound', async () => {
      const { browser, whoIs } = await boundVisitor({ store })
      const loot = browser.cookies()
      await browser.page('/login?as=grace')
      await browser.page('/')
      assert.equal(browser.deviceSessions.size, 2)
      clock.tick(10 * MINUTE)
      const page = JSON.parse((await browser.page('/')).body)
      assert.deepEqual([page.user, page.isBound, browser.deviceSessions.size], ['grace', true, 1])
      assert.equal((await whoIs(loot)).reason, 'unknown')
    })

    it('is registered without cookies, as after a login that came from another site', async () => {
      const served = await serveBound({ store })
      const browser = served.browser()
      browser.registersAtOnce = false
      await browser.page('/login')
      await browser.takeUpOffers({ withCookies: false })
      assert.deepEqual(browser.takeAsked(), ['register 200'])
      assert.equal(JSON.parse((await browser.page('/')).body).isBound, true)
    })

    it('is refreshed without cookies, as for a link on another site', async () => {
      const { browser } = await boundVisitor({ store })
      clock.tick(10 * MINUTE)
      const [deviceSession] = browser.deviceSessions.values()
      assert.equal((await browser.refresh(deviceSession, { withCookies: false })).status, 200)
      assert.equal(JSON.parse((await browser.page('/')).body).user, 'ada')
    })

    it('is usable when the answer to the registration was lost, and offered again', async () => {
      const served = await serveBound({ store })
      const browser = served.browser()
      browser.registersAtOnce = false
      await browser.page('/login')
      await browser.takeUpOffers({ isLost: true })
      browser.registersAtOnce = true
      const page = await browser.page('/')
      assert.deepEqual([JSON.parse(page.body).user, page.offer], ['ada', undefined])

      clock.tick(MINUTE)
      assert.ok((await browser.page('/')).offer)
      assert.equal(JSON.parse((await browser.page('/')).body).isBound, true)
    })

    it('is bound to the key that is shown first; another one ends', async () => {
      const served = await serveBound({ store })
      const browser = served.browser()
      browser.registersAtOnce = false
      await browser.page('/login')
      const [offer] = browser.offers
      await browser.takeUpOffers()
      const thief = served.browser()
      thief.jar = new Map(browser.jar)
      await thief.register(offer)
      assert.equal(JSON.parse((await browser.page('/')).body).isBound, true)

      clock.tick(11_000)
      assert.equal(JSON.parse((await thief.page('/')).body).reason, 'unproven')
      clock.tick(10 * MINUTE)
      assert.equal(JSON.parse((await thief.page('/')).body).reason, 'unproven')
      assert.deepEqual([thief.takeAsked(), thief.deviceSessions.size], [['register 200', 'refresh 200'], 0])
      assert.equal(JSON.parse((await browser.page('/')).body).user, 'ada')
    })

    it('is bound again by the next page, where a slow request has overwritten that', async () => {
      const held = gate()
      const { browser, whoIs, ...served } = await serveBound({ store }, (app) => {
        app.get('/slow', (req, res) => {
          req.session.slow = true
          held.pass(() => res.end())
        })
      })
      const ada = browser()
      await ada.page('/login')
      const alone = `connect.sid=${ada.cookie('connect.sid')}`
      const slow = served.visit({ path: '/slow', cookie: alone, headers: { 'x-forwarded-proto': 'https' } })
      await until(() => held.waiting === 1)
      // The middleware that binds it is the other one: it knows nothing of the slow request.
      await ada.page('/')
      held.open()
      await slow
      assert.equal((await storedIn(store, 'id2')).slow, true)
      await ada.page('/')
      assert.ok((await storedIn(store, 'id2')).__session.device)
      clock.tick(MINUTE)
      assert.equal((await whoIs(alone)).reason, 'unproven')
    })

    it('stays bound where the slow request is one of the same process', async () => {
      const held = gate()
      const { browser, whoIs, ...served } = await serveBound({ store, processes: 1 }, (app) => {
        app.get('/slow', (req, res) => {
          req.session.slow = true
          held.pass(() => res.end())
        })
      })
      const ada = browser()
      await ada.page('/login')
      const alone = `connect.sid=${ada.cookie('connect.sid')}`
      const slow = served.visit({ path: '/slow', cookie: alone, headers: { 'x-forwarded-proto': 'https' } })
      await until(() => held.waiting === 1)
      await ada.page('/')
      held.open()
      await slow
      const { slow: isSaved, __session: notes } = await storedIn(store, 'id2')
      assert.deepEqual([isSaved, typeof notes.device.kid], [true, 'string'])
      clock.tick(11_000)
      assert.equal((await whoIs(alone)).reason, 'unproven')
    })

    it('is not taken for the next session of its id', async () => {
      const { browser, visit, store: own } = await boundVisitor({ store, processes: 1, genid: () => 'same' })
      await browser.page('/logout')
      const headers = { 'x-forwarded-proto': 'https' }
      const { cookie } = await visit({ path: '/enter', headers })
      clock.tick(11_000)
      await visit({ path: '/write', cookie, headers })
      assert.equal((await storedIn(own, 'same')).__session, undefined)
    })

    it('can be replaced by a new one, stored as ever, by who does not prove anything', async () => {
      const { alone, visit } = await boundVisitor({ store, saveUninitialized: true }, (app) => {
        app.get('/afresh', (req, res, next) => {
          req.session.regenerate((error) => (error ? next(error) : res.end(req.sessionID)))
        })
      })
      clock.tick(11_000)
      const answer = await visit({
        path: '/afresh',
        cookie: alone,
        headers: { 'x-forwarded-proto': 'https' }
      })
      assert.match(answer.setCookie[0], /^connect\.sid=/)
      assert.ok(await storedIn(store, answer.body))
      assert.ok(await storedIn(store, 'id2'))
    })

    it('is lost and won by none of those who guess', async () => {
      const { browser, newBrowser, whoIs } = await boundVisitor({ store })
      const other = newBrowser()
      await other.page('/login?as=eve')
      await other.page('/')
      clock.tick(11_000)
      const sid = browser.cookie('connect.sid')
      const [keyId, end, mark] = browser.cookie('connect.sid.bound').split('.')
      const guesses = {
        'none at all': '',
        'the placeholder': 'offered',
        'of another session': other.cookie('connect.sid.bound'),
        'with a later end': `${keyId}.${Number(end) + 1}.${mark}`,
        'with another mark': `${keyId}.${end}.${mark.slice(1)}A`,
        'with another key': `${other.cookie('connect.sid.bound').split('.')[0]}.${end}.${mark}`
      }
      for (const [what, value] of Object.entries(guesses)) {
        const { reason } = await whoIs(`connect.sid=${sid}; connect.sid.bound=${value}`)
        assert.equal(reason, 'unproven', what)
      }
      // A sibling domain may set a cookie of the name; the right one counts wherever it stands.
      const both = `connect.sid=${sid}; connect.sid.bound=x; connect.sid.bound=${keyId}.${end}.${mark}`
      assert.equal((await whoIs(both)).user, 'ada')
    })

    it('can be begun anew by a login while it is unproven', async () => {
      const { browser, newBrowser, whoIs } = await boundVisitor({ store })
      clock.tick(11_000)
      const second = newBrowser()
      second.jar.set('connect.sid', browser.jar.get('connect.sid'))
      await second.page('/login?as=grace')
      assert.equal(JSON.parse((await second.page('/')).body).user, 'grace')
      assert.equal((await whoIs(browser.cookies())).user, 'ada')
    })

    it('is left alone by requests that do not prove anything, whatever the options', async () => {
      for (const options of [
        { saveUninitialized: true },
        { rolling: true, cookie: { maxAge: 60 * MINUTE } },
        { resave: true, saveUninitialized: true },
        { unset: 'destroy' },
        { touchInterval: MINUTE, cookie: { maxAge: 60 * MINUTE }, rolling: true, saveUninitialized: true },
        { absoluteTimeout: 24 * 60 * MINUTE, saveUninitialized: true }
      ]) {
        const own = new SomeStore()
        const { browser, visit, whoIs } = await boundVisitor({ ...options, store: own }, (app) => {
          app.get('/unset', (req, res) => {
            req.session = null
            res.end()
          })
        })
        const id = await idOf({ whoIs }, browser)
        const stored = JSON.stringify(await storedIn(own, id))
        clock.tick(11_000)
        own.takeCalls()
        const cookie = `connect.sid=${browser.cookie('connect.sid')}`
        for (const path of ['/', '/unset']) {
          const answer = await visit({ path, cookie, headers: { 'x-forwarded-proto': 'https' } })
          assert.deepEqual(answer.setCookie, [], JSON.stringify(options))
        }
        const calls = own
          .takeCalls()
          .filter((call) => !/^get|destroy id\d+$/.test(call) || call === `destroy ${id}`)
        assert.deepEqual(calls, [], JSON.stringify(options))
        assert.equal(JSON.stringify(await storedIn(own, id)), stored)
      }
    })
  })
}
