'use strict'

const { promisify } = require('node:util')
const { session } = require('../../support/harness')

const { Cookie } = session

/** A session as it is given to a store; it expires in so many milliseconds, or never. */
const stored = (maxAge, data = {}) => ({ cookie: new Cookie({ maxAge }), ...data })

/** The text that a store keeps of one. */
const textOf = (maxAge, data) => JSON.stringify(stored(maxAge, data))

/** Asks a store, and resolves to its answer. */
const ask = (store, method, ...args) => promisify(store[method]).call(store, ...args)

/** Lets the clock of this process show another time while something is done. */
async function atTime(time, something) {
  const { now } = Date
  Date.now = () => time
  try {
    return await something()
  } finally {
    Date.now = now
  }
}

/** How many sessions a store says it has, and those that it lists, which must be as many. */
async function sessionsOf(store) {
  const sessions = await ask(store, 'all')
  return { length: await ask(store, 'length'), ids: Object.keys(sessions).sort(), sessions }
}

module.exports = { ask, atTime, sessionsOf, stored, textOf }
