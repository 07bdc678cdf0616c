'use strict'

const { RedisStore } = require('connect-redis')
const express = require('express')
const { createClient } = require('redis')
const { createShop } = require('../shop/app')

/** One of the processes: the shop, with its sessions in Redis. */
async function serve() {
  const client = createClient({ url: process.env.REDIS_URL })
  // Without a listener an error of the connection would end the process; the client connects again by itself.
  client.on('error', (error) => console.error(`Redis: ${error.message}`))
  await client.connect()

  const app = express()
  app.use((req, res, next) => {
    res.set('X-Process', String(process.pid))
    next()
  })
  app.use(createShop({ secret: process.env.SESSION_SECRET, store: new RedisStore({ client }) }))

  const server = app.listen(Number(process.env.PORT || 3000))
  await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject))
}

module.exports = { serve }
