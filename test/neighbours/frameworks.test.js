'use strict'

// The middleware serves connect and NestJS as it serves Express.

require('reflect-metadata')
const assert = require('node:assert/strict')
const http = require('node:http')
const { Controller, Get, Module, Session } = require('@nestjs/common')
const { NestFactory } = require('@nestjs/core')
const connect = require('connect')
const request = require('supertest')
const { session, usual } = require('./support/neighbours')

describe('connect', () => {
  it('keeps a session', async () => {
    const app = connect()
    app.use(session(usual))
    app.use('/count', (req, res) => {
      req.session.views = (req.session.views || 0) + 1
      res.end(`Views: ${req.session.views}`)
    })
    const browser = request.agent(http.createServer(app))
    await browser.get('/count').expect(200, 'Views: 1')
    await browser.get('/count').expect(200, 'Views: 2')
  })

  it('hears of errors', async () => {
    const app = connect()
    const store = new session.MemoryStore()
    store.get = (sid, callback) => callback(new Error('store failed'))
    app.use(session({ ...usual, store, saveUninitialized: true }))
    app.use((req, res) => res.end('fine'))
    // eslint-disable-next-line no-unused-vars -- connect knows an error handler by its four parameters
    app.use((error, req, res, next) => {
      res.statusCode = 500
      res.end(error.message)
    })
    const browser = request.agent(http.createServer(app))
    await browser.get('/').expect(200, 'fine')
    await browser.get('/').expect(500, 'store failed')
  })
})

describe('NestJS', () => {
  let app

  /** As its documentation has it, but for decorators, which JavaScript writes as calls. */
  class CatsController {
    findAll(session) {
      session.visits = session.visits ? session.visits + 1 : 1
      return { visits: session.visits }
    }
  }
  Session()(CatsController.prototype, 'findAll', 0)
  Get()(
    CatsController.prototype,
    'findAll',
    Object.getOwnPropertyDescriptor(CatsController.prototype, 'findAll')
  )
  Controller('cats')(CatsController)

  class AppModule {}
  Module({ controllers: [CatsController] })(AppModule)

  before(async () => {
    app = await NestFactory.create(AppModule, { logger: false })
    app.use(session({ secret: 'my-secret', resave: false, saveUninitialized: false }))
    await app.init()
  })

  after(() => app.close())

  it('gives its controllers the session', async () => {
    const browser = request.agent(app.getHttpServer())
    await browser.get('/cats').expect(200, { visits: 1 })
    await browser.get('/cats').expect(200, { visits: 2 })
    const { body } = await request(app.getHttpServer()).get('/cats')
    assert.deepEqual(body, { visits: 1 })
  })
})
