'use strict'

// Tries one store: `node on-a-store.js <configuration> <what it is given, as JSON>`. Prints what is wrong, and exits with 1.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const http = require('node:http')
const express = require('express')

const [id, given] = process.argv.slice(2)
const configuration = require(`../../configurations/${id}`)
const { session } = configuration
const { hashSessionId } = session

const HOUR = 60 * 60 * 1000
const usual = { secret: 'keyboard cat', resave: false, saveUninitialized: false, cookie: { maxAge: HOUR } }

/** Serves the same routes with these options, until all is over. */
async function serve(store, options) {
  const middleware = session({ ...usual, ...options, store })
  const app = express()
  app.use(middleware)
  const routes = {
    '/login': (req) => (req.session.user = 'ada'),
    '/count': (req) => (req.session.count = (req.session.count || 0) + 1),
    '/save': (req) => req.session.save(),
    '/reload': (req) => req.session.reload(),
    '/regenerate': async (req) => {
      const { user } = req.session
      await req.session.regenerate()
      req.session.user = user
    },
    '/logout': (req) => req.session.destroy()
  }
  app.use(async (req, res) => {
    const before = req.sessionID
    await routes[req.path]?.(req)
    res.json({ before, id: req.sessionID, user: req.session?.user, count: req.session?.count })
  })
  app.use((error, req, res, _next) => res.status(500).json({ error: error.message }))
  const server = http.createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const visit = async (path, cookie) => {
    const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`, {
      headers: { cookie: cookie ?? '' }
    })
    const body = await response.json()
    return { ...body, cookie: response.headers.get('set-cookie')?.split(';')[0] ?? cookie }
  }
  return { visit, middleware }
}

async function tryAll() {
  const { store, raw } = await configuration.open(JSON.parse(given))
  const stored = async (sid) => (await Promise.resolve(raw(sid)).catch(() => undefined)) || undefined
  const dataOf = async (sid) => JSON.parse(await stored(sid))
  /** Whether a record is there. connect-mongo's raw gives JSON of null. */
  const has = async (sid) => ![undefined, 'null'].includes(await stored(sid))

  // A new session, from its first save to its end.
  const hashing = await serve(store, { hashSessionIds: true })
  const { id: first, cookie } = await hashing.visit('/login')
  assert.ok(await has(hashSessionId(first)), 'it is under its key')
  assert.ok(!(await has(first)), 'it is not under its id')
  assert.ok(!(await stored(hashSessionId(first))).includes(first), 'its id is not in its record')

  for (const path of ['/', '/count', '/save', '/reload']) {
    assert.equal((await hashing.visit(path, cookie)).user, 'ada', path)
  }
  assert.equal((await hashing.visit('/', cookie)).count, 1)
  const renewed = await hashing.visit('/regenerate', cookie)
  assert.notEqual(renewed.id, first)
  assert.ok(!(await has(hashSessionId(first))), 'regenerate has destroyed it')
  assert.ok(await has(hashSessionId(renewed.id)), 'the new one is under its key')
  assert.equal((await hashing.visit('/', renewed.cookie)).user, 'ada')
  assert.equal((await hashing.visit('/', cookie)).user, undefined, 'the old id opens nothing')

  const req = Object.assign(new http.IncomingMessage(null), { url: '/', headers: { cookie: renewed.cookie } })
  const loaded = await hashing.middleware.load(req)
  loaded.count = 7
  await loaded.save()
  assert.equal((await hashing.visit('/', renewed.cookie)).count, 7)
  await hashing.visit('/logout', renewed.cookie)
  assert.ok(!(await has(hashSessionId(renewed.id))), 'destroy has destroyed it')
  await assert.rejects(loaded.save(), { code: 'ESESSIONENDED' })
  assert.ok(!(await has(hashSessionId(renewed.id))), 'and it stays so')

  // A key that somebody has read, and can sign, as an id.
  const victim = await hashing.visit('/login')
  const thief = await serve(store, { genid: () => hashSessionId(victim.id) })
  const stolen = await thief.visit('/count')
  assert.equal((await hashing.visit('/', stolen.cookie)).user, undefined, 'a key opens nothing')

  // Sessions from before.
  const plain = await serve(store, {})
  const before = await plain.visit('/login')
  await plain.visit('/count', before.cookie)
  assert.ok(await has(before.id), 'it is under its id')
  const data = withoutChance(await dataOf(before.id))
  const moved = await hashing.visit('/', before.cookie)
  assert.deepEqual([moved.user, moved.count, moved.id], ['ada', 1, before.id])
  assert.ok(!(await has(before.id)), 'it was moved')
  assert.ok(await has(hashSessionId(before.id)), 'to its key')
  await hashing.visit('/save', before.cookie)
  assert.deepEqual(withoutChance(await dataOf(hashSessionId(before.id))), data, 'and is stored as it was')
  await hashing.visit('/logout', before.cookie)
  assert.equal((await hashing.visit('/', before.cookie)).user, undefined)

  // The same, by many at once.
  const many = await plain.visit('/login')
  const visits = await Promise.all(Array.from({ length: 20 }, () => hashing.visit('/', many.cookie)))
  for (const { user, id } of visits) assert.deepEqual([user, id], ['ada', many.id])
  assert.ok(!(await has(many.id)) && (await has(hashSessionId(many.id))), 'it was moved')
}

/** What moves with time, or is the store's own. */
function withoutChance(record) {
  const text = JSON.stringify(record, (key, value) =>
    ['_id', 'expires', '__lastAccess', 'lastModified', 'maxAge'].includes(key) ? undefined : value
  )
  const { session: nested } = JSON.parse(text)
  const data = nested ? (typeof nested === 'string' ? JSON.parse(nested) : nested) : JSON.parse(text)
  delete data.cookie?.expires
  return data
}

tryAll().then(
  () => process.exit(0),
  (error) => {
    console.log(error.stack)
    process.exit(1)
  }
)
