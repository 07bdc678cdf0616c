'use strict'

/** A piece of the event loop's time, in milliseconds. */
const TICK = 10

/**
 * How long requests take from when they reach the app until their responses are out, by the clock of the event loop. That
 * goes on only while the loop turns: of a longer pause it counts one tick. So what a busy machine keeps from this process
 * does not count, and what a request waits for does.
 */
class RequestTimes {
  /** Begins anew. */
  start() {
    this.longest = 0
    this.ticks = 0
    this.last = performance.now()
    clearInterval(this.timer)
    this.timer = setInterval(() => {
      this.ticks += this.sinceTick()
      this.last = performance.now()
    }, TICK).unref()
  }

  sinceTick() {
    return Math.min(TICK, performance.now() - this.last)
  }

  now() {
    return this.ticks + this.sinceTick()
  }

  /** Times a response, once that has begun. */
  time(res) {
    if (!this.timer) return
    const begun = this.now()
    res.once('close', () => {
      this.longest = Math.max(this.longest, this.now() - begun)
    })
  }
}

module.exports = { RequestTimes }
