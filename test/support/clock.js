'use strict'

const sinon = require('sinon')

/**
 * Stops the clock of this process at a full second; timers run on. `clock.tick(ms)` moves it, `clock.restore()` lets it
 * go again.
 */
function stopClock() {
  return sinon.useFakeTimers({ now: Date.UTC(2030, 0, 1), toFake: ['Date'] })
}

module.exports = { stopClock }
