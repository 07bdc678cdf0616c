'use strict'

// A visitor who shows a validly signed cookie gets their session, whatever else is in the Cookie header.

const assert = require('node:assert/strict')
const { sign } = require('cookie-signature')
const { JsonStore, closeAll, serve, usual } = require('../support/harness')

const signed = (id, secret = usual.secret) => `connect.sid=${encodeURIComponent('s:' + sign(id, secret))}`

/** Counts visits of a session, and tells its id. */
function countVisits(req, res) {
  req.session.count = (req.session.count || 0) + 1
  res.send(`${req.sessionID} ${req.session.count}`)
}

const bodyOf = async (visit) => (await visit).body

describe("several cookies with the session's name", () => {
  afterEach(closeAll)

  const others = {
    'an unsigned one': 'connect.sid=plain',
    'a forged one': 'connect.sid=s%3Aid9.forged',
    'one of another app': signed('id9', 'another secret'),
    'an empty one': 'connect.sid=',
    'a quoted one': 'connect.sid="s%3Aid9.x"',
    'one with an invalid escape': 'connect.sid=s%3A%E0%A4%A'
  }

  for (const [name, other] of Object.entries(others)) {
    it(`${name} before: the first with a valid signature counts`, async () => {
      const { visit } = await serve({ store: new JsonStore() }, countVisits)
      const { cookie } = await visit()
      assert.equal(await bodyOf(visit({ cookie: `${other}; ${cookie}` })), 'id1 2')
      assert.equal(await bodyOf(visit({ cookie: `${cookie}; ${other}` })), 'id1 3')
    })
  }

  it('of two valid ones the first', async () => {
    const { visit } = await serve({ store: new JsonStore() }, countVisits)
    const first = (await visit()).cookie
    const second = (await visit()).cookie
    assert.equal(await bodyOf(visit({ cookie: `${second}; ${first}` })), 'id2 2')
  })
})

describe('how clients write the cookie', () => {
  afterEach(closeAll)

  const ways = {
    'in quotes': (name, value) => `${name}="${value}"`,
    'with spaces and tabs around it': (name, value) => ` a=b ;\t ${name}\t = ${value}\t ; c=d`,
    'behind names that end and begin like it': (name, value) => `x${name}=1; ${name}x=2; ${name}=${value}`,
    'in the value of another one, too': (name, value) => `last=${name}; ${name}=${value}`,
    'without escapes': (name, value) => `${name}=${decodeURIComponent(value)}`
  }

  for (const [way, write] of Object.entries(ways)) {
    it(`${way}: it counts`, async () => {
      const { visit } = await serve({ store: new JsonStore() }, countVisits)
      const [name, value] = (await visit()).cookie.split('=')
      assert.equal(await bodyOf(visit({ cookie: write(name, value) })), 'id1 2')
    })
  }
})

describe('cookie headers from hell', () => {
  afterEach(closeAll)

  const headers = {
    '64 KB of something': `junk=${'x'.repeat(64 * 1024)}`,
    '64 KB of our name': `connect.sid=${'x'.repeat(64 * 1024)}`,
    '64 KB of a signed form': `connect.sid=s%3A${'x'.repeat(64 * 1024)}.sig`,
    '64 KB of percent signs': `connect.sid=${'%'.repeat(64 * 1024)}`,
    '64 KB of semicolons': ';'.repeat(64 * 1024),
    '64 KB of equal signs': '='.repeat(64 * 1024),
    '64 KB of our name without an end': 'connect.sid='.repeat(5000),
    '1,000 cookies of our name': Array.from({ length: 1000 }, (_, i) => `connect.sid=s%3Aid${i}.sig`).join(
      '; '
    ),
    'invalid escapes': 'connect.sid=s%3A%ZZ%E0%A4%A.%',
    'control characters': 'connect.sid=s%3A%00%0D%0A.%00',
    'no value': 'connect.sid',
    'no name': '=s%3Aid1.sig',
    quotes: 'connect.sid="',
    'a prototype': '__proto__=x; constructor=y; toString=z',
    'an empty id': signed('')
  }

  for (const [name, cookie] of Object.entries(headers)) {
    it(`${name}: a new session`, async () => {
      const { visit, errors } = await serve({ store: new JsonStore() }, countVisits)
      const { end, body } = await visit({ cookie })
      assert.deepEqual([end, body, errors], ['complete', 'id1 1', []])
    })
  }

  it('the work for 1,000 forged cookies of our name is bounded', async () => {
    const crypto = require('node:crypto')
    const { createHmac } = crypto
    let hmacs = 0
    crypto.createHmac = (...args) => {
      hmacs += 1
      return createHmac(...args)
    }
    try {
      const { visit } = await serve({ store: new JsonStore(), secret: ['a', 'b', 'c'] }, (req, res) =>
        res.end()
      )
      const forged = (i) => `connect.sid=s%3Aid${i}.${'x'.repeat(43)}`
      await visit({ cookie: Array.from({ length: 1000 }, (_, i) => forged(i)).join('; ') })
    } finally {
      crypto.createHmac = createHmac
    }
    assert.ok(hmacs <= 50, `${hmacs} HMACs`)
  })
})
