'use strict'

// One process of an app whose session ids can be renewed. node app.js <server> <url> <updates>

const express = require('express')
const session = require('express-session')
const stores = require('./stores')

async function main([server, url, updates]) {
  const { store } = await stores[server](url, updates === 'true')
  const app = express()
  app.use(session({ secret: 'keyboard cat', resave: false, saveUninitialized: false, store }))
  app.use(async (req, res, next) => {
    const { pathname, searchParams } = new URL(req.url, 'http://localhost')
    try {
      if (pathname === '/login') Object.assign(req.session, { user: 'ada', cart: ['tea'] })
      if (pathname === '/renew') {
        await req.session.regenerate({ preserve: true, grace: Number(searchParams.get('grace')) })
      }
      if (pathname === '/write') req.session.written = searchParams.get('what')
      if (pathname === '/relogin') await req.session.regenerate()
      if (pathname === '/logout') await req.session.destroy()
      res.json({
        id: req.sessionID,
        user: req.session?.user,
        cart: req.session?.cart,
        ...session.infoOf(req)
      })
    } catch (error) {
      next(error)
    }
  })
  const listening = app.listen(0, '127.0.0.1', () => process.send({ port: listening.address().port }))
}

process.on('disconnect', () => process.exit())
main(process.argv.slice(2))
