'use strict'

/**
 * Notes each call to a store's methods, and changes nothing else about them: their `this`, their arguments and what they
 * return pass through, and a function's `length`, which tells whether it takes a callback, stays what it is.
 *
 * @returns the calls so far as `[method, sid]`
 */
module.exports = function record(store) {
  const calls = []
  for (const name of ['get', 'set', 'destroy', 'touch']) {
    if (typeof store[name] !== 'function') continue
    store[name] = new Proxy(store[name], {
      apply(method, self, args) {
        calls.push([name, args[0]])
        return Reflect.apply(method, self, args)
      }
    })
  }
  return calls
}
