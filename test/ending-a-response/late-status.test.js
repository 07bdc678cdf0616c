'use strict'

// What an app says of a response after its end changes nothing of it, whoever has wrapped the response before.

const assert = require('node:assert/strict')
const compression = require('compression')
const { JsonStore, closeAll, serve } = require('../support/harness')

describe('after the end of a response', () => {
  afterEach(closeAll)

  for (const [name, setUp] of Object.entries({
    'nobody has wrapped': () => {},
    'compression has wrapped': (app) => app.use(compression())
  })) {
    it(`its status stays, and its cookie is there, in one that ${name}`, async () => {
      let headers
      const { visit } = await serve(
        { store: new JsonStore() },
        (req, res) => {
          req.session.user = 'ada'
          res.redirect('/next')
          headers = res.getHeader('Set-Cookie')
          res.statusCode = 500
          req.session.cookie.path = '/late'
        },
        setUp
      )
      const { status, cookie, setCookie } = await visit()
      assert.equal(status, 302)
      assert.match(cookie, /^connect\.sid=/)
      assert.match(setCookie[0], /Path=\/;/)
      assert.deepEqual(headers, setCookie)
    })
  }
})

describe('a store that never answers to a destroy', () => {
  afterEach(closeAll)

  it('holds up a response for some seconds only, where the app does not wait for it', async () => {
    const store = new JsonStore({ destroy: () => {} })
    const { visit } = await serve({ store }, (req, res) => {
      req.session.user = 'ada'
      req.session.destroy()
      res.redirect('/')
    })
    assert.equal((await visit()).status, 302)
  })
})

describe('a store that never answers to a save', () => {
  afterEach(closeAll)

  it('is asked once, and holds up a response for some seconds only, where the app does not wait for it', async () => {
    let saves = 0
    const store = new JsonStore({ set: () => void (saves += 1) })
    const { visit } = await serve({ store }, (req, res) => {
      req.session.user = 'ada'
      req.session.save()
      res.redirect('/')
    })
    assert.equal((await visit()).status, 302)
    assert.equal(saves, 1)
  })
})
