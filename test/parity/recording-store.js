'use strict'

/**
 * A store as those on npm are - it keeps JSON text, answers later, in the order it was asked, and forgets what has
 * expired - that notes what it is asked and can be told to fail.
 *
 * @param session - the package whose `Store` it extends
 * @param touch - whether it has a `touch`
 */
function RecordingStore(session, touch) {
  class Recording extends session.Store {
    sessions = {}
    /** What it was asked since the request began. */
    asked = []
    /** How many calls are not answered yet. */
    pending = 0
    /** Told before each answer. */
    onAnswer = () => {}

    failing = undefined
    failedFor = 0

    /**
     * A new request begins.
     *
     * @param failing - which methods fail, `from` which call of this request on, and for how many `calls` (which may be
     * more than this request makes); without `calls`, until the next request. An earlier fault goes on if there is none.
     */
    begin(failing) {
      this.asked = []
      if (failing || !this.failing?.calls) {
        this.failing = failing && { from: 0, ...failing }
        this.failedFor = 0
      } else {
        this.failing.from = 0
      }
    }

    get(sid, callback) {
      const fails = this.note('get', sid)
      const json = this.sessions[sid]
      const session = json && JSON.parse(json)
      const expires = session?.cookie.expires
      if (expires && new Date(expires).valueOf() <= Date.now()) {
        delete this.sessions[sid]
        this.answer(fails, callback)
      } else this.answer(fails, callback, session)
    }

    set(sid, data, callback) {
      const json = JSON.stringify(data)
      const fails = this.note('set', sid, json)
      if (!fails) this.sessions[sid] = json
      this.answer(fails, callback)
    }

    destroy(sid, callback) {
      const fails = this.note('destroy', sid)
      if (!fails) delete this.sessions[sid]
      this.answer(fails, callback)
    }

    /** @returns the error that the call fails with, if it does */
    note(method, ...args) {
      const { failing } = this
      const call = this.asked.push([method, ...args]) - 1
      if (!failing || call < failing.from || this.failedFor >= (failing.calls ?? Infinity)) return undefined
      this.failedFor += 1
      return failing.methods.includes(method) ? new Error(`${method} failed`) : undefined
    }

    answer(error, callback, result) {
      this.pending += 1
      setImmediate(() => {
        this.pending -= 1
        this.onAnswer()
        if (!callback) return
        if (error) callback(error)
        else callback(null, result)
      })
    }
  }

  if (touch) {
    Recording.prototype.touch = function (sid, data, callback) {
      const fails = this.note('touch', sid, JSON.stringify(data))
      const json = this.sessions[sid]
      if (json && !fails) this.sessions[sid] = JSON.stringify({ ...JSON.parse(json), cookie: data.cookie })
      this.answer(fails, callback)
    }
  }
  return Recording
}

module.exports = { RecordingStore }
