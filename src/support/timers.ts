import timers = require('node:timers')

/**
 * Node's own timers, taken when this file is loaded. Tests replace the global ones, and those of the module, to stop the
 * clock; a request must not stop with it.
 */
export const { clearTimeout, setImmediate, setTimeout } = timers

export const nextTick = process.nextTick.bind(process)
