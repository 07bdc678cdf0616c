'use strict'

/**
 * A store that notes what it is asked, and can be told to fail.
 *
 * @param session - the package whose `Store` it extends
 * @param touch - whether it has a `touch`
 */
function RecordingStore(session, touch) {
  class Recording extends session.Store {
    log = []
    sessions = {}
    failing = undefined

    /** Starts a new page of notes; `failing` is the method that fails from now on. */
    begin(failing) {
      this.log = []
      this.failing = failing
    }

    get(sid, callback) {
      this.note('get', sid)
      const json = this.sessions[sid]
      this.answer('get', callback, json && JSON.parse(json))
    }

    set(sid, data, callback) {
      this.note('set', sid, JSON.stringify(data))
      if (this.failing !== 'set') this.sessions[sid] = JSON.stringify(data)
      this.answer('set', callback)
    }

    destroy(sid, callback) {
      this.note('destroy', sid)
      if (this.failing !== 'destroy') delete this.sessions[sid]
      this.answer('destroy', callback)
    }

    note(...entry) {
      this.log.push(entry)
    }

    answer(method, callback, result) {
      if (this.failing === method) setImmediate(callback, new Error(`${method} failed`))
      else setImmediate(callback, null, result)
    }
  }

  if (touch) {
    Recording.prototype.touch = function (sid, data, callback) {
      this.note('touch', sid, JSON.stringify(data))
      const json = this.sessions[sid]
      if (json && this.failing !== 'touch') {
        this.sessions[sid] = JSON.stringify({ ...JSON.parse(json), cookie: data.cookie })
      }
      this.answer('touch', callback)
    }
  }
  return Recording
}

module.exports = { RecordingStore }
