'use strict'

// npm run measure:cache - what the client-side cache of `redis` 5 saves a session store, in commands that Redis has counted
// itself, and for how long another process may still see an old state. docs/scaling.md has the figures.

const { fork } = require('node:child_process')
const { once } = require('node:events')
const http = require('node:http')
const { RedisStore } = require('connect-redis')
const express = require('express')
const session = require('express-session')
const { createClient } = require('redis')
const { startRedis } = require('./redis')

const READS = 1000
const WRITES = 2000
const MINUTE = 60_000

async function open(url, isCached) {
  const client = createClient(
    isCached
      ? { url, RESP: 3, clientSideCache: { ttl: MINUTE, maxEntries: 10_000, evictPolicy: 'LRU' } }
      : { url }
  )
  await client.on('error', console.error).connect()
  return { client, store: new RedisStore({ client }) }
}

/** Requests that only read the session of a visitor, one after another, in turn over the visitors. */
async function commandsOf(url, { isCached, touchInterval, visitors }) {
  const { client, store } = await open(url, isCached)
  const observer = createClient({ url })
  await observer.connect()
  await observer.flushAll()

  const app = express()
  app.use(session({ secret: 'measured', store, resave: false, saveUninitialized: false, touchInterval }))
  app.get('/login', (req, res) => {
    req.session.user = 'ada'
    res.end()
  })
  app.get('/', (req, res) => res.end(req.session.user))
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()

  const cookies = []
  for (let i = 0; i < visitors; i++) cookies.push((await get(port, '/login')).cookie)
  await observer.configResetStat()
  for (let i = 0; i < READS; i++) {
    const { body } = await get(port, '/', cookies[i % visitors])
    if (body !== 'ada') throw new Error('The session was not there')
  }
  const stats = await observer.info('commandstats')
  const count = (command) => Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)

  server.closeAllConnections()
  server.close()
  client.destroy()
  observer.destroy()
  return { GET: count('get'), EXPIRE: count('expire') }
}

function get(port, path, cookie) {
  return new Promise((resolve, reject) => {
    const headers = cookie ? { Cookie: cookie } : {}
    const request = http.get({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk) => (body += chunk))
      response.on('end', () => resolve({ body, cookie: response.headers['set-cookie']?.[0].split(';')[0] }))
    })
    request.on('error', reject)
  })
}

/** In a process of its own: reads on and on, and says of each new state when it was seen first. */
async function read(url, isBusy) {
  const { store } = await open(url, true)
  let last = 0
  process.send({ isReading: true })
  for (;;) {
    const { count } = await store.get('visitor')
    if (count !== last) process.send({ count, seen: String(process.hrtime.bigint()) })
    last = count
    if (isBusy) block(10)
    await new Promise(setImmediate)
  }
}

function block(milliseconds) {
  const until = performance.now() + milliseconds
  while (performance.now() < until);
}

/** From when this process has its write acknowledged to when the other one reads what was written, in milliseconds. */
async function delays(url, isBusy) {
  const { client, store } = await open(url, false)
  const write = (count) => store.set('visitor', { count, cookie: {} })
  await write(0)
  const reader = fork(__filename, [url, isBusy ? 'busy' : 'idle'])
  await once(reader, 'message')

  const list = []
  for (let count = 1; count <= (isBusy ? WRITES / 10 : WRITES); count++) {
    const seen = once(reader, 'message')
    await write(count)
    const written = process.hrtime.bigint()
    const [message] = await seen
    if (message.count !== count) throw new Error('A write was missed')
    list.push(Math.max(0, Number(BigInt(message.seen) - written) / 1e6))
  }
  reader.kill()
  client.destroy()
  return list.sort((a, b) => a - b)
}

async function main() {
  const redis = await startRedis()
  const url = redis.env.REDIS_URL
  try {
    for (const visitors of [1, 100]) {
      for (const [isCached, touchInterval] of [[false], [true], [false, MINUTE], [true, MINUTE]]) {
        const counted = await commandsOf(url, { isCached, touchInterval, visitors })
        console.log(
          `${READS} reads, ${visitors} visitors, cache: ${isCached}, touchInterval: ${touchInterval}:`,
          counted
        )
      }
    }
    for (const isBusy of [false, true]) {
      const list = await delays(url, isBusy)
      const at = (share) => list[Math.min(list.length - 1, Math.floor(list.length * share))].toFixed(2)
      console.log(
        `after a write was acknowledged, a process that ${isBusy ? 'computes 10 ms at a time' : 'only reads'} saw the old ` +
          `state for another ${at(0.5)} ms (median), ${at(0.99)} ms (99 %), ${at(1)} ms (longest of ${list.length})`
      )
    }
  } finally {
    redis.stop()
  }
}

const ready = process.send ? read(process.argv[2], process.argv[3] === 'busy') : main()
ready.catch((error) => {
  console.error(error)
  process.exit(1)
})
