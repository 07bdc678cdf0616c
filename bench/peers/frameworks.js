const { expressApp } = require('../express-app')
const implementations = require('../implementations')

/**
 * Peers, each on the framework it is made for. `make(act, withSession)` gives an app for `/` that lets `act` work on the
 * session and answers `ok`; without a session it only answers, as the bare framework does.
 */

const SECRET = 'a secret of at least thirty-two characters'

const onExpress = (makeMiddleware) => (act, withSession) =>
  expressApp(
    (req, res) => {
      if (req.session) act(req.session)
      res.end('ok')
    },
    withSession ? makeMiddleware() : undefined
  )

const expressSession = (session) => session({ secret: SECRET, resave: false, saveUninitialized: false })

const peers = {
  'express-session 1.19.0': {
    framework: 'Express',
    make: onExpress(() => expressSession(implementations.upstream()))
  },

  ours: {
    framework: 'Express',
    make: onExpress(() => expressSession(implementations.ours()))
  },

  'cookie-session': {
    framework: 'Express',
    make: onExpress(() => require('cookie-session')({ secret: SECRET }))
  },

  'iron-session': {
    framework: 'node:http',
    make(act, withSession) {
      const { getIronSession } = require('iron-session')
      const options = { password: SECRET, cookieName: 'sid' }
      if (!withSession) return (req, res) => res.end('ok')
      return async (req, res) => {
        const session = await getIronSession(req, res, options)
        // It does not find out by itself whether something has changed.
        if (act(session)) await session.save()
        res.end('ok')
      }
    }
  },

  '@fastify/session': {
    framework: 'Fastify',
    async make(act, withSession) {
      const fastify = require('fastify')()
      if (withSession) {
        fastify.register(require('@fastify/cookie'))
        fastify.register(require('@fastify/session'), {
          secret: SECRET,
          saveUninitialized: false,
          cookie: { secure: false }
        })
      }
      fastify.get('/', (request, reply) => {
        if (request.session) act(request.session)
        reply.send('ok')
      })
      await fastify.ready()
      return fastify.routing
    }
  },

  'koa-session': {
    framework: 'Koa',
    make(act, withSession) {
      const Koa = require('koa')
      const koa = new Koa()
      koa.keys = [SECRET]
      if (withSession) koa.use(require('koa-session').createSession(koa))
      koa.use((context) => {
        if (context.session) act(context.session)
        context.body = 'ok'
      })
      return koa.callback()
    }
  }
}

module.exports = { peers }
