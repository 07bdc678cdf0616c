'use strict'

// A session that is bound to a device stays so with whatever else is on, and what else is on does what it says.

const assert = require('node:assert/strict')
const { createHash } = require('node:crypto')
const { stopClock } = require('../support/clock')
const { boundVisitor, stores } = require('../support/device-app')
const { closeAll } = require('../support/harness')

const MINUTE = 60_000
const HOUR = 60 * MINUTE

const combinations = {
  'hashed ids': { hashSessionIds: true },
  encryption: { encryption: createHash('sha256').update('key').digest('hex') },
  'merged saves': { concurrency: 'merge' },
  'an index of users': { user: ({ user }) => user, deviceBound: { when: undefined } },
  'an absolute timeout': { absoluteTimeout: 24 * HOUR },
  'rolling cookies and an interval of touches': {
    rolling: true,
    touchInterval: MINUTE,
    cookie: { maxAge: 2 * HOUR }
  },
  'a cookie that is cleared and refreshed': { clearCookie: true, refreshCookie: true },
  'all of them': {
    hashSessionIds: true,
    encryption: createHash('sha256').update('key').digest('hex'),
    concurrency: 'merge',
    user: ({ user }) => user,
    absoluteTimeout: 24 * HOUR,
    rolling: true,
    touchInterval: MINUTE,
    cookie: { maxAge: 2 * HOUR },
    clearCookie: true,
    refreshCookie: true,
    cacheControl: true
  }
}

for (const [kind, SomeStore] of Object.entries(stores)) {
  describe(`a session bound to a device, on ${kind},`, () => {
    let clock

    beforeEach(() => {
      clock = stopClock()
    })

    afterEach(async () => {
      clock.restore()
      await closeAll()
    })

    for (const [what, options] of Object.entries(combinations)) {
      it(`goes together with ${what}`, async () => {
        const { browser, alone, whoIs } = await boundVisitor({ store: new SomeStore(), ...options })
        const loot = browser.cookies()
        assert.equal((await whoIs(loot)).user, 'ada')
        clock.tick(11_000)
        assert.equal((await whoIs(alone)).reason, 'unproven')
        for (let i = 1; i <= 3; i++) {
          clock.tick(10 * MINUTE)
          assert.equal((await whoIs(loot)).reason, 'unproven')
          assert.equal((await browser.page('/write')).body, String(i))
          assert.equal((await whoIs(browser.cookies())).user, 'ada')
        }
        await browser.page('/logout')
        clock.tick(10 * MINUTE)
        assert.equal(JSON.parse((await browser.page('/')).body).user, undefined)
        assert.equal(browser.deviceSessions.size, 0)
      })
    }

    it('is bound anew when it gets a new id, its data kept or not', async () => {
      const { browser, whoIs } = await boundVisitor({ store: new SomeStore() }, (app) => {
        app.get('/renew', async (req, res) => {
          await req.session.regenerate({ preserve: true, grace: 5000 })
          req.session.user = 'ada'
          res.end()
        })
      })
      const loot = browser.cookies()
      browser.registersAtOnce = false
      assert.ok((await browser.page('/renew')).offer)
      clock.tick(11_000)
      assert.equal(
        JSON.parse((await browser.page('/')).body).user,
        'ada',
        'not bound yet, and not locked out'
      )
      await browser.takeUpOffers()
      assert.equal(JSON.parse((await browser.page('/')).body).isBound, true)
      assert.equal((await whoIs(loot)).user, undefined)

      clock.tick(10 * MINUTE)
      browser.takeAsked()
      assert.equal(JSON.parse((await browser.page('/')).body).user, 'ada')
      assert.deepEqual(browser.takeAsked(), ['refresh 200', 'refresh 403', 'refresh 200'])
      assert.equal(browser.deviceSessions.size, 1)
    })
  })
}
