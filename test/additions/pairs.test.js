'use strict'

// Additions that are on together keep what each of them promises, also where the session is in the hands of another process.

const assert = require('node:assert/strict')
const { createHash, randomBytes } = require('node:crypto')
const { JsonStore, closeAll, serve, session } = require('../support/harness')
const { MemoryStore } = session

const HOUR = 60 * 60 * 1000
const USER = { user: ({ user }) => user }
const recordKey = (user) => `user-${createHash('sha256').update(user).digest('base64url')}`

afterEach(closeAll)

/** Two processes, as far as they can tell: each has a store of its own, and both have the same sessions. */
async function twoProcesses(options, makeStore = () => new MemoryStore()) {
  const one = makeStore()
  const two = makeStore()
  two.sessions = one.sessions
  let arrived, proceed
  const here = new Promise((resolve) => (arrived = resolve))
  const hold = new Promise((resolve) => (proceed = resolve))
  const outcomes = []

  const handler = async (req, res) => {
    const { path } = req
    if (path === '/login') req.session.user = 'ada'
    if (path === '/start') req.session.cart = 1
    if (path === '/renew') await req.session.regenerate({ preserve: true, grace: HOUR })
    if (path === '/leave') await req.session.destroy()
    if (path.startsWith('/held')) {
      arrived()
      await hold
      if (path === '/held/login') req.session.user = 'ada'
      else if (path === '/held/logout') delete req.session.user
      else req.session.late = true
      await req.session.save().then(
        () => outcomes.push('saved'),
        (error) => outcomes.push(error.code)
      )
    }
    res.end(JSON.stringify({ ...req.session, cookie: undefined }))
  }
  const serveBy = (store) => serve({ ...options, store, genid: undefined }, handler)
  return { here, proceed, outcomes, store: one, first: await serveBy(one), second: await serveBy(two) }
}

describe('additions together, with another process', () => {
  for (const [name, options] of Object.entries({
    merge: { concurrency: 'merge' },
    'merge and hashed ids': { concurrency: 'merge', hashSessionIds: true },
    user: USER,
    'merge, user, hashed ids and sealed data': {
      ...USER,
      concurrency: 'merge',
      hashSessionIds: true,
      encryption: randomBytes(32)
    }
  })) {
    it(`a save goes where the session is, once the other has renewed its id: ${name}`, async () => {
      const { first, second, here, proceed, outcomes } = await twoProcesses(options)
      const { cookie } = await first.visit({ path: '/login' })
      const held = second.visit({ path: '/held', cookie })
      await here
      const { cookie: renewed } = await first.visit({ path: '/renew', cookie })
      proceed()
      await held
      assert.deepEqual(outcomes, ['saved'])
      assert.deepEqual(JSON.parse((await first.visit({ cookie: renewed })).body), { user: 'ada', late: true })
    })

    it(`a save brings nothing back that the other has ended: ${name}`, async () => {
      const { first, second, here, proceed, outcomes, store } = await twoProcesses(options)
      const { cookie } = await first.visit({ path: '/login' })
      const held = second.visit({ path: '/held', cookie })
      await here
      await first.visit({ path: '/leave', cookie })
      proceed()
      await held
      assert.deepEqual(outcomes, ['ESESSIONENDED'])
      assert.deepEqual(JSON.parse((await first.visit({ cookie })).body), {})
      const left = Object.keys(store.sessions).filter((key) => !key.startsWith('user-'))
      assert.deepEqual(left, [])
    })
  }

  for (const [what, start] of [
    ['login', '/start'],
    ['logout', '/login']
  ]) {
    it(`a ${what} of a session that the other has ended leaves no trace with the user`, async () => {
      const { first, second, here, proceed, outcomes, store } = await twoProcesses(USER)
      const { cookie } = await first.visit({ path: start })
      const held = second.visit({ path: `/held/${what}`, cookie })
      await here
      await first.visit({ path: '/leave', cookie })
      proceed()
      await held
      assert.deepEqual(outcomes, ['ESESSIONENDED'])
      const record = store.sessions[recordKey('ada')]
      assert.deepEqual(record ? JSON.parse(record).sessions : [], [])
    })
  }

  it('what leads nowhere is no session', async () => {
    const store = new MemoryStore()
    const { visit } = await serve({ store, genid: undefined }, (req, res) => {
      if (req.path === '/login') req.session.user = 'ada'
      res.end(JSON.stringify([req.session.user, session.infoOf(req).reason]))
    })
    const { cookie } = await visit({ path: '/login' })
    const [id] = Object.keys(store.sessions)
    for (const pointer of [5, 'AAAA', randomBytes(80).toString('base64url')]) {
      store.sessions[id] = JSON.stringify({ cookie: {}, __session: { pointer } })
      assert.equal((await visit({ cookie })).body, '[null,"unknown"]', String(pointer))
    }
  })
})

describe('additions together', () => {
  for (const [name, makeStore] of Object.entries({
    'a store with update': () => new MemoryStore(),
    'a store without': () => new JsonStore()
  })) {
    it(`the record of a user follows a renewed id, on ${name}`, async () => {
      const store = makeStore()
      let users
      const { visit, middleware } = await serve({ ...USER, store, genid: undefined }, async (req, res) => {
        if (req.path === '/login') req.session.user = 'ada'
        if (req.path === '/renew') await req.session.regenerate({ preserve: true, grace: HOUR })
        if (req.path === '/list') return res.json([await users.sessionsOf('ada'), users.refOf(req)])
        res.end()
      })
      users = middleware
      const { cookie } = await visit({ path: '/login', headers: { 'user-agent': 'Phone' } })
      const { cookie: renewed } = await visit({ path: '/renew', cookie })
      const [sessions, ref] = JSON.parse((await visit({ path: '/list', cookie: renewed })).body)
      assert.deepEqual(
        sessions.map((each) => [each.ref, each.userAgent]),
        [[ref, 'Phone']]
      )
      assert.equal(await users.endSessionsOf('ada'), 1)
      assert.equal(JSON.parse((await visit({ path: '/list', cookie: renewed })).body)[0].length, 0)
    })
  }

  it('a late answer with a renewed, hashed id does not clear the cookie of the new login', async () => {
    const options = { hashSessionIds: true, clearCookie: true, store: new MemoryStore(), genid: undefined }
    const { visit } = await serve(options, async (req, res) => {
      if (req.path === '/login') {
        await req.session.regenerate()
        req.session.user = 'ada'
      }
      if (req.path === '/start') req.session.cart = 1
      res.end()
    })
    const { cookie } = await visit({ path: '/start' })
    await visit({ path: '/login', cookie })
    const late = await visit({ path: '/late', cookie })
    assert.deepEqual(late.setCookie, [])
  })

  for (const [name, makeStore] of Object.entries({
    'a store with update': () => new MemoryStore(),
    'a store without': () => new JsonStore()
  })) {
    it(`two renewals at a time keep what both requests have changed, on ${name}`, async () => {
      const options = { concurrency: 'merge', store: makeStore(), genid: undefined }
      let arrived = 0
      let proceed
      const both = new Promise((resolve) => (proceed = resolve))
      const { visit } = await serve(options, async (req, res) => {
        if (req.path === '/login') req.session.user = 'ada'
        if (req.path.startsWith('/renew')) {
          if (++arrived === 2) proceed()
          await both
          req.session[req.path.slice('/renew/'.length)] = 1
          await req.session.regenerate({ preserve: true, grace: HOUR })
        }
        res.end(JSON.stringify({ ...req.session, cookie: undefined }))
      })
      const { cookie } = await visit({ path: '/login' })
      const renewed = await Promise.all(['x', 'y'].map((key) => visit({ path: `/renew/${key}`, cookie })))
      for (const each of renewed) {
        assert.deepEqual(JSON.parse((await visit({ cookie: each.cookie })).body), { user: 'ada', x: 1, y: 1 })
      }
    })
  }

  it('a function of merge that gives a promise is an error, and nothing is overwritten', async () => {
    const store = new MemoryStore()
    let arrived = 0
    let proceed
    const both = new Promise((resolve) => (proceed = resolve))
    const options = { concurrency: async () => 5, store, genid: undefined }
    const { visit, errors } = await serve(options, async (req, res) => {
      if (req.path === '/login') req.session.n = 0
      else {
        if (++arrived === 2) proceed()
        await both
        req.session.n = arrived
      }
      res.end()
    })
    const { cookie } = await visit({ path: '/login' })
    await Promise.all([visit({ path: '/one', cookie }), visit({ path: '/two', cookie })])
    assert.match(errors[0].message, /not a promise/)
    assert.equal(JSON.parse(Object.values(store.sessions)[0]).n, 2)
  })

  it('a renewal that keeps some names keeps nothing that others remember', async () => {
    const store = new MemoryStore()
    const { visit } = await serve({ store, genid: undefined }, async (req, res) => {
      if (req.path === '/login') Object.assign(req.session, { user: 'ada', cart: 1 })
      if (req.path === '/renew') await req.session.regenerate({ preserve: ['cart'] })
      res.end()
    })
    const { cookie } = await visit({ path: '/login' })
    const [id] = Object.keys(store.sessions)
    store.sessions[id] = JSON.stringify({ ...JSON.parse(store.sessions[id]), __session: { other: 1 } })
    await visit({ path: '/renew', cookie })
    const [renewed] = Object.values(store.sessions).map((json) => JSON.parse(json))
    assert.deepEqual(Object.keys(renewed), ['cookie', 'cart'])
  })

  it('a session that its own request has ended is not renewed', async () => {
    const codes = []
    const { visit } = await serve({ store: new MemoryStore(), genid: undefined }, async (req, res) => {
      if (req.path === '/login') req.session.user = 'ada'
      if (req.path === '/leave') {
        const ended = req.session
        await ended.destroy()
        await ended.regenerate({ preserve: true }).catch(({ code }) => codes.push(code))
      }
      res.end()
    })
    const { cookie } = await visit({ path: '/login' })
    await visit({ path: '/leave', cookie })
    assert.deepEqual(codes, ['ESESSIONENDED'])
  })

  it('an id that is no text is not hashed, and its session not stored', async () => {
    const store = new MemoryStore()
    const { visit } = await serve({ hashSessionIds: true, store, genid: () => 5 }, (req, res) => {
      req.session.user = 'ada'
      res.end('answered')
    })
    const { body, setCookie } = await visit()
    assert.deepEqual([body, setCookie, Object.keys(store.sessions)], ['answered', [], []])
  })

  it('the session of a user that never ends, at no known address, is in the record', async () => {
    const store = new MemoryStore()
    const { visit } = await serve(
      { ...USER, store, genid: undefined },
      (req, res) => {
        req.session.user = 'ada'
        req.session.cookie.expires = new Date(NaN)
        res.end()
      },
      (app) =>
        app
          .set('trust proxy', () => false)
          .use((req, res, next) => {
            Object.defineProperty(req, 'ip', { value: null })
            Object.defineProperty(req, 'socket', { value: undefined })
            next()
          })
    )
    await visit()
    const { sessions } = JSON.parse(store.sessions[recordKey('ada')])
    assert.deepEqual([sessions[0].expires, sessions[0].ip], [null, null])
  })
})
