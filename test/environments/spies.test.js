'use strict'

// Whatever a test puts in the place of a method of a session - a spy that copies all of it, a proxy, a mock of node:test - sees
// every call, that of the end included, and what it does is done. (saving/decorated-stores has the same of stores.)

const assert = require('node:assert/strict')
const { mock } = require('node:test')
const { closeAll, serve, session } = require('../support/harness')

/** Ways to replace a method; each calls the old one and counts. */
const kinds = {
  'a mock of node:test': (object, method) => {
    const { mock: calls } = mock.method(object, method)
    return () => calls.callCount()
  },

  'a spy that copies the properties of the function': (object, method) => {
    const original = object[method]
    let count = 0
    const spy = function (...args) {
      count += 1
      return original.apply(this, args)
    }
    const descriptors = {}
    for (const key of Reflect.ownKeys(original)) {
      if (key !== 'prototype') descriptors[key] = Object.getOwnPropertyDescriptor(original, key)
    }
    object[method] = Object.defineProperties(spy, descriptors)
    return () => count
  },

  'a proxy of the function': (object, method) => {
    let count = 0
    object[method] = new Proxy(object[method], {
      apply(target, self, args) {
        count += 1
        return Reflect.apply(target, self, args)
      }
    })
    return () => count
  },

  'a method of the prototype that was replaced': (object, method) => {
    const prototype = Object.getPrototypeOf(object)
    const descriptor = Object.getOwnPropertyDescriptor(prototype, method)
    let count = 0
    Object.defineProperty(prototype, method, {
      ...descriptor,
      value(...args) {
        // The prototype is everybody's.
        if (this === object) count += 1
        return descriptor.value.apply(this, args)
      }
    })
    restoring.push(() => Object.defineProperty(prototype, method, descriptor))
    return () => count
  }
}

const restoring = []

function restore() {
  mock.restoreAll()
  restoring
    .splice(0)
    .reverse()
    .forEach((undo) => undo())
}

for (const [kind, spyOn] of Object.entries(kinds)) {
  describe(kind, () => {
    afterEach(closeAll)
    afterEach(restore)

    it('sees each call of a session', async () => {
      const store = new session.MemoryStore()
      const seen = {}
      const { visit } = await serve({ store }, (req, res, next) => {
        const action = req.url.slice(1)
        const own = req.session
        seen[action] = spyOn(own, action)
        if (action === 'touch') own.touch()
        own.user = action
        if (action === 'touch' || action === 'resetMaxAge') res.end()
        else own[action]((error) => (error ? next(error) : res.end()))
      })

      const { cookie } = await visit({ path: '/save' })
      assert.equal(seen.save(), 1)
      for (const action of ['save', 'reload', 'touch', 'resetMaxAge', 'regenerate']) {
        await visit({ path: `/${action}`, cookie })
        assert.ok(seen[action]() >= 1, action)
      }
      const { cookie: other } = await visit({ path: '/save' })
      await visit({ path: '/destroy', cookie: other })
      assert.equal(seen.destroy(), 1)
    })

    it('sees the save at the end of a response', async () => {
      const store = new session.MemoryStore()
      let saves
      const { visit } = await serve({ store }, (req, res) => {
        saves = spyOn(req.session, 'save')
        req.session.user = 'ada'
        res.end()
      })
      await visit()
      assert.equal(saves(), 1)
      assert.equal(Object.keys(store.sessions).length, 1)
      assert.equal(JSON.parse(Object.values(store.sessions)[0]).user, 'ada')
    })
  })
}
