'use strict'

const { AsyncLocalStorage } = require('node:async_hooks')

/** Where every conversation begins. Far from today, so that a moment of the real clock shows as one. */
const START = Date.UTC(2040, 0, 1)

const times = new AsyncLocalStorage()
const { now } = Date

/**
 * Each conversation has a clock of its own, which stands still but for the steps that the conversation takes: both
 * packages see the same moments, to the millisecond, so that an expiry that was not renewed shows as what it is.
 */
function withClock(something) {
  return times.run({ now: START, notes: new Set(), crashes: [] }, something)
}

/** The time of the conversation in which this is called, and what is noted of it. */
function currentTime() {
  return times.getStore()
}

/** Goes on in the time of a conversation, where Node has come from somewhere else. */
function inTime(time, something) {
  return times.run(time, something)
}

/**
 * Stops the clocks while the tests of a suite run. What nobody catches is noted in the conversation that it belongs to,
 * instead of ending the process: 1.19.0 has its ways to die, and we must not.
 */
function useClocks() {
  let listeners
  before(() => {
    Date.now = () => currentTime()?.now ?? now()
    listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => {
      const time = currentTime()
      if (time) time.crashes.push(error.message)
      else for (const listener of listeners) listener(error)
    })
  })
  after(() => {
    Date.now = now
    process.removeAllListeners('uncaughtException')
    for (const listener of listeners) process.on('uncaughtException', listener)
  })
}

module.exports = { START, currentTime, inTime, useClocks, withClock }
