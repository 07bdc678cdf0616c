'use strict'

// Where the Cookie header is gone, or signed with the secret of cookie-parser, what that made of it is taken, as in 1.x; only
// text is: a store is never asked for anything else.

const assert = require('node:assert/strict')
const cookieParser = require('cookie-parser')
const { sign } = require('cookie-signature')
const { JsonStore, closeAll, serve, usual } = require('../support/harness')

/** A store that notes what it was given for an id. */
class NotingStore extends JsonStore {
  ids = []

  get(sid, callback) {
    this.ids.push(sid)
    super.get(sid, callback)
  }
}

const withParser = (secret) => (app) => app.use(cookieParser(secret))

const signed = (value, secret) => `connect.sid=${encodeURIComponent('s:' + sign(value, secret))}`

const countVisits = (req, res) => {
  req.session.count = (req.session.count || 0) + 1
  res.send(`${req.sessionID} ${req.session.count}`)
}

describe('a signed cookie of another kind, with the name of the session', () => {
  afterEach(closeAll)

  const values = {
    'an object': 'j:{"$ne":null}',
    'an object that looks like an id': 'j:{"length":3,"toString":"id1"}',
    'an array': 'j:["id1"]',
    'an empty object': 'j:{}',
    'an object with a __proto__': 'j:{"__proto__":{"id":"id1"}}'
  }

  for (const [what, value] of Object.entries(values)) {
    for (const secret of ['of the parser', usual.secret]) {
      it(`never reaches the store as ${what}, signed with the secret ${secret}`, async () => {
        const store = new NotingStore()
        const { visit, errors } = await serve({ store }, countVisits, withParser(secret))
        const { end, body } = await visit({ cookie: signed(value, secret) })
        assert.deepEqual([end, body], ['complete', 'id1 1'])
        assert.ok(store.ids.every((id) => typeof id === 'string'))
        assert.deepEqual(errors, [])
      })
    }
  }

  it('that is not signed never reaches the store as an object', async () => {
    const store = new NotingStore()
    const { visit, errors } = await serve({ store }, countVisits, withParser('of the parser'))
    for (const value of Object.values(values)) {
      const { end, body } = await visit({ cookie: `connect.sid=${encodeURIComponent(value)}` })
      assert.equal(end, 'complete')
      assert.match(body, /^id\d+ 1$/)
    }
    assert.deepEqual([store.ids, errors], [[], []])
  })

  for (const value of [42, true, ['id1'], { id: 'id1' }, () => 'id1', Symbol('id1'), Buffer.from('id1')]) {
    it(`is not taken when something has put there ${typeof value} ${String(value)}`, async () => {
      for (const where of ['signedCookies', 'cookies']) {
        const store = new NotingStore()
        const { visit, errors } = await serve({ store }, countVisits, (app) => {
          app.use((req, res, next) => {
            req[where] = { 'connect.sid': value }
            next()
          })
        })
        assert.equal((await visit()).body, 'id1 1', where)
        assert.deepEqual([store.ids, errors], [[], []])
        await closeAll()
      }
    })
  }
})

describe('without the Cookie header', () => {
  afterEach(closeAll)

  /** Counts visits in an app that parses cookies, and takes their header away. */
  const serveParsed = (parserSecret, change = () => {}) =>
    serve({ store: new JsonStore() }, countVisits, (app) => {
      app.use(cookieParser(parserSecret), (req, res, next) => {
        delete req.headers.cookie
        change(req)
        next()
      })
    })

  for (const [what, secret] of [
    ['the same secret: the verified id of signedCookies', usual.secret],
    ['no secret: the signed value of cookies', undefined]
  ]) {
    it(`counts with ${what}`, async () => {
      const { visit } = await serveParsed(secret)
      const { cookie } = await visit()
      assert.equal((await visit({ cookie })).body, 'id1 2')
    })
  }

  it('a signature that is not valid does not count', async () => {
    const { visit } = await serveParsed(undefined)
    await visit()
    assert.equal((await visit({ cookie: 'connect.sid=s%3Aid1.forged' })).body, 'id2 1')
  })

  it('no cookies are none', async () => {
    const { visit } = await serveParsed(undefined, (req) => {
      req.cookies = req.signedCookies = undefined
    })
    const { cookie } = await visit()
    assert.equal((await visit({ cookie })).body, 'id2 1')
  })
})

describe('a signed cookie that cookie-parser has read', () => {
  afterEach(closeAll)

  it('is the session id when it is text', async () => {
    const store = new NotingStore()
    const { visit } = await serve({ store }, countVisits, withParser('of the parser'))
    await visit()
    assert.equal((await visit({ cookie: signed('id1', 'of the parser') })).body, 'id1 2')
    assert.deepEqual(store.ids, ['id1'])
  })

  it('is not when its signature is invalid', async () => {
    const store = new NotingStore()
    const { visit } = await serve({ store }, countVisits, withParser('of the parser'))
    await visit()
    assert.equal((await visit({ cookie: signed('id1', 'of another') })).body, 'id2 1')
    assert.deepEqual(store.ids, [])
  })
})
