'use strict'

const assert = require('node:assert')
const express = require('express')
const request = require('supertest')
const session = require('express-session')

describe('a first visit', () => {
  it('gets a session that the next request finds again', async () => {
    const app = express()
    app.use(session({ secret: 'keyboard cat', resave: false, saveUninitialized: false }))
    app.get('/', (req, res) => {
      req.session.views = (req.session.views || 0) + 1
      res.send(`Views: ${req.session.views}`)
    })

    const browser = request.agent(app)
    assert.strictEqual((await browser.get('/')).text, 'Views: 1')
    assert.strictEqual((await browser.get('/')).text, 'Views: 2')
  })
})
