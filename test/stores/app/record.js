'use strict'

/**
 * Notes each call that a store gets, and changes nothing else about its methods: their `this`, their arguments and what
 * they return pass through, and a function's `length`, which tells whether it takes a callback, stays what it is. What a
 * store calls of its own, as a touch that is a set, is its affair and not noted.
 *
 * @returns the calls so far as `[method, sid]`
 */
module.exports = function record(store) {
  const calls = []
  let withinStore = false
  for (const name of ['get', 'set', 'destroy', 'touch']) {
    if (typeof store[name] !== 'function') continue
    store[name] = new Proxy(store[name], {
      apply(method, self, args) {
        if (withinStore) return Reflect.apply(method, self, args)
        calls.push([name, args[0]])
        withinStore = true
        try {
          return Reflect.apply(method, self, args)
        } finally {
          withinStore = false
        }
      }
    })
  }
  return calls
}
