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
  const within = (is, work) => {
    const was = withinStore
    withinStore = is
    try {
      return work()
    } finally {
      withinStore = was
    }
  }
  // A store may call back before it returns: what then happens is not its own doing.
  const outside = (callback) =>
    likewise(callback, (self, args) => within(false, () => callback.apply(self, args)))

  for (const name of ['get', 'set', 'destroy', 'touch']) {
    const method = store[name]
    if (typeof method !== 'function') continue
    store[name] = likewise(method, (self, args) => {
      if (withinStore) return method.apply(self, args)
      calls.push([name, args[0]])
      const callback = args.at(-1)
      if (typeof callback === 'function') args = [...args.slice(0, -1), outside(callback)]
      return within(true, () => method.apply(self, args))
    })
  }
  return calls
}

/** A function in place of another, of the same length. */
function likewise(original, work) {
  const replacement = function (...args) {
    return work(this, args)
  }
  return Object.defineProperty(replacement, 'length', { value: original.length })
}
