'use strict'

const diagnostics = require('node:diagnostics_channel')
const { RedisStore } = require('connect-redis')
const express = require('express')
const { createClient, createCluster } = require('redis')
const { createShop } = require('../shop/app')
const withUpdate = require('../stores/connect-redis')

/** One of the processes: the shop, with its sessions in Redis. */
async function serve() {
  const { REDIS_URL, SHOP_REDIS_NODES, SESSION_SECRET } = process.env
  const options = SHOP_REDIS_NODES
    ? await inRedisCluster(SHOP_REDIS_NODES.split(','))
    : await inRedis(REDIS_URL)

  // Of a save at the end of a response the visitor does not hear when it fails: the response has left. The load run counts.
  diagnostics.subscribe('express-session:save', ({ outcome }) => {
    if (outcome === 'error') process.send({ failedSave: process.pid })
  })

  const app = express()
  app.use((req, res, next) => {
    res.set('X-Process', String(process.pid))
    next()
  })
  app.use(createShop({ secret: SESSION_SECRET, ...options }))

  const server = app.listen(Number(process.env.PORT || 3000))
  await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject))
}

async function inRedis(url) {
  const client = createClient({ url })
  // Without a listener an error of the connection would end the process; the client connects again by itself.
  client.on('error', complain)
  await client.connect()
  return { store: new RedisStore({ client }) }
}

/** `urls` are of nodes to begin with: these know the others. */
async function inRedisCluster(urls) {
  const client = createCluster({ rootNodes: urls.map((url) => ({ url })) })
  client.on('error', complain)
  client.on('node-error', complain)
  await client.connect()
  return {
    store: withUpdate(new RedisStore({ client }), client),
    concurrency: 'merge'
  }
}

function complain(error) {
  console.error(`Redis: ${error.message}`)
}

module.exports = { serve }
