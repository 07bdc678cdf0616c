'use strict'

const { inherits } = require('node:util')
const { MemoryStore } = require('../../support/harness').session

/** The ways in which apps and packages come by a MemoryStore that is more than `new MemoryStore()`. */
const forms = {
  'made by MemoryStore.call(this)'() {
    function AppStore() {
      MemoryStore.call(this)
    }
    inherits(AppStore, MemoryStore)
    return new AppStore()
  },

  'made by MemoryStore.call() on an object of its prototype'() {
    const store = Object.create(MemoryStore.prototype)
    MemoryStore.call(store)
    return store
  },

  'of a subclass'() {
    class AppStore extends MemoryStore {
      #calls = 0

      get(sid, callback) {
        this.#calls += 1
        super.get(sid, callback)
      }

      /** How often it was asked. */
      get calls() {
        return this.#calls
      }
    }
    return new AppStore()
  },

  'seen through a Proxy': () => new Proxy(new MemoryStore(), {}),

  'seen through a Proxy that binds its methods'() {
    return new Proxy(new MemoryStore(), {
      get(store, name) {
        const value = store[name]
        return typeof value === 'function' ? value.bind(store) : value
      }
    })
  },

  'the prototype of another object': () => Object.create(new MemoryStore())
}

module.exports = { forms }
