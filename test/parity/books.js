'use strict'

/** The methods of a session that ask the store. */
const METHODS = ['save', 'reload', 'regenerate', 'destroy']

/**
 * What is known of a request that 1.19.0 with the listed differences serves (see amended.js): what its app has called and
 * what is stored. What follows from that is asked of the differences.
 */
class Books {
  /** Calls of the app to the session's methods that are not answered yet, and who waits for them. */
  underWay = 0
  waiting = undefined
  /** The app has ended the response. */
  isEnded = false

  /** The session as the app got it: its id, and the idle timeout it had then. Undefined while it has none. */
  original = undefined
  /**
   * The data that the store is known to hold: `{ id, hash, by, call }`, `by` being load, save or reload, by which call of
   * the app. Answers may come in any order; what was asked last is what counts.
   */
  stored = undefined
  calls = 0
  /** The last save by the app that was answered well: `{ id, cookie, call }`. */
  saved = undefined
  /** The ids of the sessions that the app has asked to be saved, and what has become of the last time: `{ id, hash, isAnswered, hasFailed }`. */
  askedFor = new Set()
  lastSave = undefined
  saveHasFailed = false
  saveIsUndone = false
  /** The id of a session that the app has saved after it had ended the response. */
  savedLate = undefined
  /** How many times the app has ended a session, or is ending it: by id. */
  endings = new Map()
  /** The data of these that were known to be stored when it asked for that, or were to be: their hashes, by id. */
  atEnding = new Map()
  destroyed = undefined

  watched = new WeakSet()

  constructor(amend, req, res, next, store, hash, options) {
    Object.assign(this, { amend, req, res, next, store, hash, options })
  }

  /** Asks the differences about a decision of 1.19.0, on the session and the id that it decides about. */
  ask(question, theirs, { session, sessionID }, presentedId) {
    const situation = {
      books: this,
      id: sessionID,
      isPresented: presentedId === sessionID,
      options: this.options,
      storeHasTouch: typeof this.store.touch === 'function',
      // Of the session, if there is one.
      session,
      isStored: false,
      hasEnded: false,
      isSavedByApp: false
    }
    if (session) {
      const { stored, saved, original, hash } = this
      situation.isStored = stored?.id === session.id && stored.hash === hash(session)
      situation.wasStored = this.atEnding.get(session.id) === hash(session)
      situation.isRenewed = session.id !== original.id
      situation.hasEnded = this.endings.get(session.id) > 0
      situation.isSavedByApp = saved?.id === session.id
      situation.cookie = cookieOf(session)
      situation.change = () => changeOf(saved.cookie, situation.cookie)
    }
    return this.amend(question, theirs, situation)
  }

  /** A session becomes the request's: its methods are watched. */
  take(session, savedHash, theirWrapmethods) {
    if (!session && this.amend('survives', false, {})) return
    if (this.watched.has(session)) return
    theirWrapmethods(session)
    if (!this.original) {
      this.original = { id: session.id, maxAge: session.cookie.originalMaxAge }
      if (savedHash) this.stored = { id: session.id, hash: savedHash, by: 'load', call: 0 }
    }
    this.watch(session)
  }

  watch(session) {
    if (!session || this.watched.has(session)) return
    this.watched.add(session)
    for (const method of METHODS) {
      const theirs = session[method]
      const ours = (callback) => this.call(session, method, theirs, callback)
      Object.defineProperty(session, method, { value: ours, configurable: true, writable: true })
    }
  }

  call(session, method, theirs, callback) {
    this.underWay += 1
    const answered = this[method](session)
    const run = (done) =>
      theirs.call(session, (error) => {
        answered(error, (refused) => {
          this.underWay -= 1
          if (this.underWay === 0) this.waiting?.()
          done(refused)
        })
      })

    if (callback) return run(callback)
    if (!this.amend('gives a promise', false, { method })) return run(callback)
    const promise = new Promise((resolve, reject) => {
      run((error) => (error ? reject(error) : resolve()))
    })
    promise.catch(() => {})
    return promise
  }

  // What each method begins, and what it has done when the store has answered.

  save(session) {
    const { id } = session
    if (this.amend('restarts the idle timeout', false, { session })) session.resetMaxAge()
    const data = this.hash(session)
    const cookie = cookieOf(session)
    const endings = this.endings.get(id) || 0
    const isLate = this.isEnded
    const call = ++this.calls
    const save = { id, hash: data, isAnswered: false, hasFailed: false }
    this.lastSave = save
    this.askedFor.add(id)

    return (error, done) => {
      save.isAnswered = true
      save.hasFailed = Boolean(error)
      if (this.endings.get(id) > endings && this.amend('is undone', false, {})) {
        this.learn({ id: undefined, call: ++this.calls })
        this.saveIsUndone = true
        this.store.destroy(id, (refused) => done(error || refused))
        return
      }
      if (error) this.saveHasFailed = true
      else {
        this.learn({ id, hash: data, by: 'save', call })
        if (!(this.saved?.call > call)) this.saved = { id, cookie, call }
        if (isLate) this.savedLate = id
        // The app has brought it back.
        this.endings.delete(id)
        if (this.destroyed === id) this.destroyed = undefined
      }
      done(error)
    }
  }

  reload({ id }) {
    const call = ++this.calls
    return (error, done) => {
      const { session } = this.req
      if (!error && session) {
        this.watch(session)
        if (!this.options.resave) this.learn({ id, hash: this.hash(session), by: 'reload', call })
        if (!this.options.resave && this.atEnding.has(id)) this.atEnding.set(id, this.hash(session))
      }
      done(error)
    }
  }

  destroy(session) {
    return this.end(session.id)
  }

  regenerate() {
    const ended = this.end(this.req.sessionID)
    return (error, done) => {
      this.watch(this.req.session)
      ended(error, done)
    }
  }

  end(id) {
    this.endings.set(id, (this.endings.get(id) || 0) + 1)
    const { stored, lastSave } = this
    const isBeingSaved = lastSave?.id === id && !lastSave.isAnswered
    if (this.isEnded) this.atEnding.delete(id)
    else this.atEnding.set(id, isBeingSaved ? lastSave.hash : stored?.id === id ? stored.hash : undefined)
    return (error, done) => {
      if (error) this.endings.set(id, this.endings.get(id) - 1)
      else {
        this.destroyed = id
        if (this.stored?.id === id) this.stored = undefined
      }
      done(error)
    }
  }

  learn(stored) {
    if (!(this.stored?.call > stored.call)) this.stored = stored
  }

  // The end of the response.

  waits() {
    this.isEnded = true
    return this.amend('waits', false, { books: this })
  }

  /** Has something decided later on what is there now. */
  waitWith({ session, sessionID }, decide) {
    let now
    if (session) {
      // Made of its JSON: what the app does to the session from now on is not meant.
      const req = { sessionID: session.id, sessionStore: this.store }
      now = this.store.createSession(req, JSON.parse(JSON.stringify(session)))
      // There is no JSON for a date that is none.
      now.cookie._expires = session.cookie._expires
    } else now = session
    this.waiting = () => {
      this.waiting = undefined
      decide({ session: now, sessionID })
    }
  }

  /** 1.19.0 is about to restart the idle timeout. */
  touch(session) {
    const isDone = this.lastSave?.id === session.id && !this.lastSave.hasFailed
    if (this.amend('restarts the idle timeout at the end', true, { isDone })) session.touch()
  }

  head(chunk, encoding) {
    const { res } = this
    const theirs = chunk == null ? undefined : 'chunked'
    const length = res.hasHeader('Content-Length')
      ? theirs
      : this.amend('the length', theirs, { chunk, encoding })
    if (typeof length === 'number') res._contentLength = length
  }

  report(error) {
    const { next, res } = this
    let reported = false
    const report = () => {
      if (!reported) next(error)
      reported = true
    }
    if (res.writableFinished || !this.amend('reports when the response is out', false, {})) {
      setImmediate(report)
      return
    }
    res.once('finish', report)
    res.once('close', report)
  }
}

/** A cookie at one moment. */
function cookieOf({ cookie }) {
  return {
    expires: cookie._expires instanceof Date ? cookie._expires.valueOf() : cookie._expires,
    attributes: JSON.stringify({ ...cookie.data, expires: undefined })
  }
}

/** What has changed of a cookie: `attributes` (the idle timeout is one), nothing but the `expiry`, or `nothing`. */
function changeOf(before, after) {
  if (before.attributes !== after.attributes) return 'attributes'
  return Object.is(before.expires, after.expires) ? 'nothing' : 'expiry'
}

module.exports = { Books }
