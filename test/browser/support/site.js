'use strict'

const { EventEmitter, once } = require('node:events')
const http = require('node:http')
const https = require('node:https')
const express = require('express')
const session = require('../../..')

/** The app is shop.test, with sub-domains; the other two are sites of somebody else. */
const HOSTS = ['shop.test', 'www.shop.test', 'other.test', 'third.test', 'app.localhost']

/** One app at a time, under all of these hosts, over http and https. */
async function openSite(certificate) {
  let app
  const answers = new EventEmitter()
  const servers = {
    http: http.createServer((req, res) => app(req, res)),
    https: https.createServer(certificate, (req, res) => app(req, res))
  }
  for (const server of Object.values(servers)) {
    server.on('upgrade', (req, socket) => app.upgrade(req, socket))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  const urlBy = (scheme) => (host, path) => `${scheme}://${host}:${servers[scheme].address().port}${path}`

  const site = {
    http: urlBy('http'),
    https: urlBy('https'),

    /** From now on this app is served. */
    serve(next) {
      app = next
      return next
    },

    /** From now on an app with these options is served: `/login` and `/who`, in any folder, and what `more` adds. */
    serveSession(options, more = () => {}) {
      const served = site.serve(bareApp())
      more(served)
      served.use(session({ ...usual(), ...options }))
      served.use((req, res, next) => {
        const [page] = req.path.split('/').slice(-1)
        if (page === 'login') {
          req.session.user = 'ada'
          res.redirect('who')
        } else if (page === 'logout') {
          req.session.destroy((error) => (error ? next(error) : res.send('bye')))
        } else if (page === 'who') {
          site.tell(req.session?.user ? 'logged in' : 'not logged in')
          res.send(req.session?.user ? 'logged in' : 'not logged in')
        } else next()
      })
      return served
    },

    /** What a page of the app has found out about its request; `next` is the next of these. */
    tell: (answer) => answers.emit('answer', answer),
    async next() {
      const [answer] = await once(answers, 'answer', { signal: AbortSignal.timeout(15_000) })
      return answer
    },

    async close() {
      for (const server of Object.values(servers)) {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
    }
  }
  return site
}

/** An app with pages that any site has: an empty one, and one that leads on to another address. */
function bareApp() {
  const app = express()
  app.get('/favicon.ico', (req, res) => res.sendStatus(404))
  app.get('/blank', (req, res) => res.send('<!doctype html><title>blank</title>'))
  app.all('/go', (req, res) => res.redirect(303, req.query.to))
  return app
}

function usual() {
  return { secret: 'keyboard cat', resave: false, saveUninitialized: false, store: new session.MemoryStore() }
}

module.exports = { HOSTS, bareApp, openSite, usual }
