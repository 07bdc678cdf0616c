'use strict'

// Users switch from 1.19.0 to ours, and back, without logging anyone out.

const assert = require('node:assert/strict')
const express = require('express')
const request = require('supertest')
const ours = require('express-session')
const theirs = require('upstream-session')

const optionSets = {
  'the usual options': {},
  'an idle timeout': { cookie: { maxAge: 60000 }, rolling: true },
  'every cookie attribute': {
    cookie: {
      maxAge: 60000,
      path: '/',
      httpOnly: false,
      sameSite: 'strict',
      domain: 'example.com',
      priority: 'high',
      partitioned: true
    }
  },
  'several secrets': { secret: ['new', 'old'] },
  'resave and saveUninitialized': { resave: true, saveUninitialized: true }
}

describe('cookies and stored sessions', () => {
  for (const [name, options] of Object.entries(optionSets)) {
    it(`go from one package to the other and back, with ${name}`, async () => {
      // Each package has its own MemoryStore; what is stored is one object of id to JSON text.
      const sessions = Object.create(null)
      const appOf = (session) => {
        const store = new session.MemoryStore()
        store.sessions = sessions
        const app = express()
        app.use(session({ secret: 'cat', resave: false, saveUninitialized: false, store, ...options }))
        return app.get('/', (req, res) => {
          req.session.views = (req.session.views || 0) + 1
          req.session.seen = [...(req.session.seen || []), { at: new Date(0), 'a.b': 'ü' }]
          res.json([req.sessionID, req.session.views])
        })
      }
      const apps = [appOf(theirs), appOf(ours)]

      for (const order of [apps, apps.toReversed()]) {
        const first = await request(order[0]).get('/')
        const cookie = first.headers['set-cookie'][0].split(';')[0]
        const id = first.body[0]
        for (const [i, app] of [order[1], order[0], order[1]].entries()) {
          const { body } = await request(app).get('/').set('Cookie', cookie)
          assert.deepEqual(body, [id, i + 2])
        }
      }
    })
  }

  it('are the same text', async () => {
    const texts = []
    for (const session of [theirs, ours]) {
      const store = new session.MemoryStore()
      const app = express()
      app.use(
        session({
          secret: 'cat',
          resave: false,
          saveUninitialized: false,
          store,
          genid: () => 'id',
          cookie: { sameSite: 'lax' }
        })
      )
      app.get('/', (req, res) => {
        req.session.user = { name: 'Ada', since: new Date(0) }
        res.end()
      })
      const response = await request(app).get('/')
      texts.push([response.headers['set-cookie'], store.sessions.id])
    }
    assert.deepEqual(texts[1], texts[0])
  })
})
