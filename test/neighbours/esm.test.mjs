// An app of ES modules has the very package that others require.

import assert from 'node:assert/strict'
import express from 'express'
import session, { MemoryStore, Store } from 'express-session'
import helmet from 'helmet'
import request from 'supertest'

describe('an app of ES modules', () => {
  it('has the session, and the very classes that others require', async () => {
    const { default: required } = await import('express-session')
    assert.equal(required.Store, Store)

    const app = express()
    app.use(helmet())
    app.use(session({ secret: 'cat', resave: false, saveUninitialized: false, store: new MemoryStore() }))
    app.get('/', async (req, res) => {
      req.session.views = (req.session.views || 0) + 1
      await req.session.save()
      res.send(`Views: ${req.session.views}`)
    })
    const browser = request.agent(app)
    await browser.get('/').expect('Views: 1')
    await browser.get('/').expect('Views: 2')
  })
})
