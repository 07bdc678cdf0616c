'use strict'

const assert = require('node:assert/strict')

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other)
const keysOf = (...all) => new Set(all.flatMap((each) => Object.keys(each ?? {})))
const copy = (data) => data && JSON.parse(JSON.stringify(data))

/** What is to be stored when the changes from `base` to `mine` are applied to `stored`. */
function applied({ base, mine }, stored) {
  if (base === undefined) return copy(mine)
  const result = copy(stored)
  for (const key of keysOf(base, mine)) {
    if (same(base[key], mine[key])) continue
    if (key in mine) result[key] = copy(mine[key])
    else delete result[key]
  }
  return result
}

/** What a request's session should hold, by the rules of the docs: its data now, and those that its changes count from. */
class View {
  constructor(sid, base) {
    Object.assign(this, { sid, base: copy(base), now: copy(base) ?? {} })
  }

  /** What a save that is asked for now has to store. */
  ask() {
    return { view: this, sid: this.sid, base: copy(this.base), mine: copy(this.now), written: undefined }
  }
}

/** A save has been done: what it has stored is seen by all that has gone on from there, but for what that has changed. */
function bring({ mine, written }, to, now) {
  const base = {}
  for (const key of keysOf(mine, written, now)) {
    const isUntouched = same(now[key], mine[key])
    const from = isUntouched ? written : mine
    if (key in from) base[key] = copy(from[key])
    if (!isUntouched) continue
    if (key in written) now[key] = copy(written[key])
    else delete now[key]
  }
  to.base = base
}

/** The requests of a schedule, the sessions in the store, and what should be true of both. */
class Model {
  constructor() {
    this.stored = new Map()
    this.history = new Map()
    this.ended = new Set()
  }

  /** The store has got a session. */
  put(sid, data) {
    this.stored.set(sid, copy(data))
    this.history.set(sid, [...(this.history.get(sid) ?? []), copy(data)])
  }

  /** The store writes a session for a request. */
  write(request, sid, data) {
    const ask = request.asks.find((each) => each.sid === sid && !each.written)
    assert.ok(ask, `nobody has asked for ${sid} to be stored`)
    // They are answered by now, though the app may have yet to hear of it.
    for (const earlier of request.asks) if (earlier !== ask && earlier.written) this.saved(request, earlier)
    // What was ended while it was being written is taken out again.
    if (this.stored.has(sid) || ask.base === undefined) {
      assert.deepEqual(data, applied(ask, this.stored.get(sid)), 'what is stored')
    }
    ask.written = copy(data)
    this.put(sid, data)
  }

  remove(sid) {
    this.stored.delete(sid)
  }

  /** A request has read its session. */
  read(request, session) {
    const data = dataOf(session)
    const known = this.history.get(session.id) ?? []
    assert.ok(
      known.some((each) => same(sorted(each), sorted(data))),
      'a session that was never stored'
    )
    request.view = new View(session.id, data)
  }

  ask(request) {
    const ask = request.view.ask()
    request.asks.push(ask)
    return ask
  }

  /** A save that a request has asked for is answered. */
  answered(request, ask, error) {
    request.asks.splice(request.asks.indexOf(ask), 1)
    if (error) {
      assert.equal(error.code, 'ESESSIONENDED', error.stack)
      assert.ok(this.ended.has(ask.sid), 'a save failed, and nobody has ended the session')
      return
    }
    assert.ok(ask.written, 'a save was answered, and nothing was stored')
    this.saved(request, ask)
  }

  saved(request, ask) {
    if (ask.isSaved) return
    ask.isSaved = true
    for (const other of request.asks) {
      if (other !== ask && other.view === ask.view) bring(ask, other, other.mine)
    }
    if (request.view === ask.view) bring(ask, request.view, request.view.now)
  }

  /** What a request's session says is what it should. */
  check(request, session) {
    if (!session) return
    // While the store ends it, it may be brought what a save has stored, or not any more.
    const { atEnding } = request
    if (atEnding && same(sorted(dataOf(session)), sorted(atEnding))) return
    assert.deepEqual(dataOf(session), request.view.now, 'what the session says')
  }

  /** The response is out: all that its request has changed is stored, unless the session has ended. */
  checkEnd(ask) {
    if (ask.written || this.ended.has(ask.sid)) return
    assert.ok(same(sorted(ask.base ?? {}), sorted(ask.mine)), `changes were lost: ${JSON.stringify(ask)}`)
  }
}

function dataOf(session) {
  const { cookie, ...data } = JSON.parse(JSON.stringify(session))
  assert.ok(cookie)
  return data
}

function sorted(data) {
  return data && Object.fromEntries(Object.entries(data).sort(([one], [other]) => (one < other ? -1 : 1)))
}

module.exports = { Model, View, copy }
