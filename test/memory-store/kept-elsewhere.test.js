'use strict'

// A store may extend MemoryStore and keep its sessions elsewhere, as many do that were written for 1.x: within a process, what such a
// store inherits loses nothing.

const assert = require('node:assert/strict')
const { closeAll, serve, session } = require('../support/harness')

const { MemoryStore } = session

/** A store that takes its time, and knows nothing of `sessions`. */
class OwnStore extends MemoryStore {
  texts = new Map()
  get(sid, callback) {
    setTimeout(() => {
      const text = this.texts.get(sid)
      callback(null, text && JSON.parse(text))
    }, 2)
  }
  set(sid, stored, callback) {
    const text = JSON.stringify(stored)
    setTimeout(() => {
      this.texts.set(sid, text)
      callback()
    }, 2)
  }
  touch(sid, stored, callback) {
    setImmediate(callback)
  }
  destroy(sid, callback) {
    this.texts.delete(sid)
    setImmediate(callback)
  }
}

describe('a store that extends MemoryStore and keeps its sessions elsewhere', () => {
  afterEach(closeAll)

  it('counts those that its own `all` gives', async () => {
    class Listing extends OwnStore {
      all(callback) {
        setImmediate(callback, null, Object.fromEntries(this.texts))
      }
    }
    const store = new Listing()
    await Promise.all(['id1', 'id2'].map((id) => new Promise((done) => store.set(id, { cookie: {} }, done))))
    const count = await new Promise((done) => store.length((error, length) => done(error ?? length)))
    assert.equal(count, 2)
  })

  it('knows all sessions of a user who logs in many times at once', async () => {
    const { visit, middleware } = await serve(
      { store: new OwnStore(), user: ({ user }) => user, genid: undefined },
      (req, res) => {
        req.session.user = 'ada'
        return res.send()
      }
    )
    await Promise.all(Array.from({ length: 20 }, () => visit()))
    assert.equal((await middleware.sessionsOf('ada')).length, 20)
  })

  it('loses no change of parallel requests under `concurrency`', async () => {
    const { visit } = await serve({ store: new OwnStore(), concurrency: 'merge' }, async (req, res) => {
      const { url } = req
      await new Promise((resolve) => setTimeout(resolve, 5))
      if (url !== '/') req.session[url] = true
      return res.json(Object.keys(req.session))
    })
    const { cookie } = await visit({ path: '/first' })
    const paths = Array.from({ length: 20 }, (_, i) => `/${i}`)
    await Promise.all(paths.map((path) => visit({ path, cookie })))
    const { body } = await visit({ cookie })
    assert.deepEqual(JSON.parse(body).sort(), ['/first', ...paths, 'cookie'].sort())
  })

  it('gives the error of one update to that alone', async () => {
    const store = new OwnStore()
    const errors = await Promise.all(
      [1, 2, 3].map(
        (number) =>
          new Promise((resolve) => {
            const change = () => {
              if (number === 2) throw new Error('refused')
              return { cookie: {}, number }
            }
            store.update('sid', change, (error) => resolve(error?.message))
          })
      )
    )
    assert.deepEqual(errors, [undefined, 'refused', undefined])
    assert.equal(JSON.parse(store.texts.get('sid')).number, 3)
  })
})
