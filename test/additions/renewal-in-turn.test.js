'use strict'

// Where saves are merged a renewal waits for its turn. What ends the session meanwhile, or the new one, ends both: no cookie
// opens it any more.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, serve, until } = require('../support/harness')

/** Answers to no `set` while it holds them. */
class HoldingStore extends JsonStore {
  holds = false
  held = []

  set(sid, data, callback) {
    const before = JSON.parse(JSON.stringify(data))
    const carryOut = () => super.set(sid, before, callback)
    if (this.holds) this.held.push(carryOut)
    else carryOut()
  }

  release() {
    this.holds = false
    for (const carryOut of this.held.splice(0)) carryOut()
  }
}

const renewals = { 'with a grace': { preserve: true, grace: 60_000 }, 'without a grace': { preserve: true } }

/** An app on which somebody is logged in, and on which one request is saving the session. */
async function saving(renewal) {
  const store = new HoldingStore()
  const seen = []
  const app = await serve({ store, concurrency: 'merge' }, async (req, res) => {
    if (req.url === '/login') req.session.user = 'ada'
    if (req.url === '/save') {
      req.session.count = 1
      await req.session.save().catch(() => {})
    }
    if (req.url === '/logout') await req.session.destroy()
    if (req.url === '/renew') seen.push(req.session.regenerate(renewal).catch(({ code }) => code))
    if (req.url === '/renew-and-destroy') {
      seen.push(req.session.regenerate(renewal).catch(({ code }) => code))
      seen.push(req.session.destroy())
    }
    if (req.url === '/renew-and-regenerate') {
      seen.push(req.session.regenerate(renewal).catch(({ code }) => code))
      seen.push(req.session.regenerate())
    }
    res.send(String(req.session?.user))
  })
  const { cookie } = await app.visit({ path: '/login' })
  store.holds = true
  const save = app.visit({ path: '/save', cookie })
  await until(() => store.held.length === 1)
  /** Asks for a page, does something once that has asked for its renewal, and has the store go on. */
  const meanwhile = async (path, act) => {
    const asked = app.visit({ path, cookie })
    await until(() => seen.length > 0)
    await act?.()
    store.release()
    const response = await asked
    await Promise.all([save, ...seen])
    return response
  }
  const users = async (cookies) => {
    const bodies = await Promise.all(cookies.map(async (each) => (await app.visit({ cookie: each })).body))
    return bodies
  }
  return { ...app, cookie, meanwhile, store, users }
}

for (const [how, renewal] of Object.entries(renewals)) {
  describe(`a renewal ${how} that waits for a save`, () => {
    afterEach(closeAll)

    it('is given up when another request logs out', async () => {
      const { cookie, meanwhile, users, visit } = await saving(renewal)
      const { cookie: renewed } = await meanwhile('/renew', async () => {
        assert.equal((await visit({ path: '/logout', cookie })).status, 200)
      })
      assert.deepEqual(await users([cookie, renewed]), ['undefined', 'undefined'])
    })

    for (const path of ['/renew-and-destroy', '/renew-and-regenerate']) {
      it(`is given up when the same request ends the new session: ${path}`, async () => {
        const { cookie, meanwhile, store, users } = await saving(renewal)
        await meanwhile(path)
        assert.deepEqual(await users([cookie]), ['undefined'])
        const left = Object.values(store.sessions).map((text) => JSON.parse(text).user)
        assert.deepEqual(left.filter(Boolean), [])
      })
    }
  })
}
