'use strict'

// Where the Cookie header is gone, what cookie-parser made of it is taken, as in 1.x.

const assert = require('node:assert/strict')
const cookieParser = require('cookie-parser')
const { JsonStore, closeAll, serve, usual } = require('../support/harness')

/** Counts visits in an app that parses cookies, and takes their header away. */
async function serveParsed(parserSecret, change = () => {}) {
  const countVisits = (req, res) => {
    req.session.count = (req.session.count || 0) + 1
    res.send(String(req.session.count))
  }
  return serve({ store: new JsonStore() }, countVisits, (app) => {
    app.use(cookieParser(parserSecret), (req, res, next) => {
      delete req.headers.cookie
      change(req)
      next()
    })
  })
}

describe('behind cookie-parser', () => {
  afterEach(closeAll)

  for (const [what, secret] of [
    ['the same secret: the verified id of signedCookies', usual.secret],
    ['no secret: the signed value of cookies', undefined]
  ]) {
    it(`with ${what} counts`, async () => {
      const { visit } = await serveParsed(secret)
      const { cookie } = await visit()
      assert.equal((await visit({ cookie })).body, '2')
    })
  }

  it('a signature that is not valid does not count', async () => {
    const { visit } = await serveParsed(undefined)
    await visit()
    assert.equal((await visit({ cookie: 'connect.sid=s%3Aid1.forged' })).body, '1')
  })

  it('no cookies are none', async () => {
    const { visit } = await serveParsed(undefined, (req) => {
      req.cookies = req.signedCookies = undefined
    })
    const { cookie } = await visit()
    assert.equal((await visit({ cookie })).body, '1')
  })
})
