'use strict'

// A session that was ended, and that somebody has stored anew since, is found: by the next request, and by one that goes on.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, gate, serve, until } = require('../support/harness')

const seed = (store, user) =>
  new Promise((resolve) =>
    store.set('id1', { cookie: { originalMaxAge: null, expires: null }, user }, resolve)
  )

describe('a session that was ended and is stored anew', () => {
  afterEach(closeAll)

  it('is found by the next request, which can change it', async () => {
    const store = new JsonStore()
    const { visit } = await serve({ store }, (req, res) => {
      if (req.url === '/logout') return req.session.destroy(() => res.end())
      req.session.user ||= 'ada'
      req.session.count = (req.session.count || 0) + 1
      res.send(`${req.session.user} ${req.session.count}`)
    })
    const { cookie } = await visit()
    await visit({ path: '/logout', cookie })
    await seed(store, 'bob')
    assert.equal((await visit({ cookie })).body, 'bob 1')
    assert.equal((await visit({ cookie })).body, 'bob 2')
  })

  it('is found by a reload of a request that began before, which can change it then', async () => {
    const store = new JsonStore()
    const step = gate()
    const { visit } = await serve({ store }, (req, res) => {
      if (req.url === '/logout') return req.session.destroy(() => res.end())
      if (req.url !== '/slow') {
        req.session.user = 'ada'
        return res.end()
      }
      step.pass(async () => {
        await req.session.reload()
        req.session.count = 1
        await req.session.save()
        res.send(req.session.user)
      })
    })
    const { cookie } = await visit()
    const slow = visit({ path: '/slow', cookie })
    await until(() => step.waiting)
    await visit({ path: '/logout', cookie })
    await seed(store, 'bob')
    step.open()
    assert.equal((await slow).body, 'bob')
    assert.equal(JSON.parse(store.sessions.id1).count, 1)
  })
})
