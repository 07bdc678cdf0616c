import timers = require('node:timers')

/**
 * Node's own timers, taken when this file is loaded. Tests replace the global ones, and those of the module, to stop the
 * clock; a request must not stop with it.
 */
export const { clearTimeout, setImmediate, setTimeout } = timers

/** What a timer can wait for, in milliseconds: with more it would not wait at all. */
export const LONGEST_WAIT = 2 ** 31 - 1

/** Does something when what runs now has returned, whatever tests make of `process.nextTick`. */
export function soon(something: () => void): void {
  void Promise.resolve().then(something)
}
