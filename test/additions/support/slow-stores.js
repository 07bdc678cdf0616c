'use strict'

/** Numbers between 0 and 1, the same ones for a seed (mulberry32). */
function randomFrom(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Lets some turns pass. */
async function turns(count) {
  for (let i = 0; i < count; i++) await new Promise(setImmediate)
}

/** A store that does what it is asked, and answers, after a random number of turns each. */
function slowly(store, random) {
  // What the store calls of its own is as quick as ever: its `update` lets nothing come in between.
  const slow = Object.create(store)
  for (const method of ['get', 'set', 'destroy', 'update', 'touch']) {
    const original = store[method]
    if (!original) continue
    slow[method] = (...args) => {
      const callback = args.pop()
      const [before, after] = [random() * 6, random() * 6]
      const call = () =>
        original.call(store, ...args, (...answer) =>
          turns(after).then(() => setImmediate(callback, ...answer))
        )
      // What is to be stored is what it was when the store was asked.
      if (method === 'set') args[1] = JSON.parse(JSON.stringify(args[1]))
      turns(before).then(call)
    }
  }
  return slow
}

module.exports = { randomFrom, slowly, turns }
