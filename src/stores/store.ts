import { EventEmitter } from 'node:events'
import { Cookie } from '../session/cookie.js'
import { hasNotes, isPointer, takeApart } from '../session/notes.js'
import { MAX_POINTERS, openPointer } from '../session/pointer.js'
import { Session, keepNotes } from '../session/session.js'
import { callStore } from '../support/store-call.js'
import { callable } from '../support/callable.js'
import type { SessionData, SessionRequest } from '../session/session.js'

/**
 * Where sessions are kept. To write a store, extend this class with `get`, `set` and `destroy`, and if you can with
 * `touch`; the rest is optional.
 *
 * Each method is given a callback in Node's style. It may instead return a promise, if it declares no callback.
 *
 * A store that loses its connection emits `disconnect` and, once it is back, `connect`: in between, requests are served
 * without a session.
 */
@callable(
  function Store(this: Store) {
    EventEmitter.call(this as never)
  },
  { enumerable: true, hasConstructor: true }
)
export abstract class Store extends EventEmitter {
  /** @internal Makes an empty session with a new id for a request. Set by the middleware that uses the store. */
  declare generate: (req: any) => void

  /**
   * Answers with the data stored under a session id, or with nothing if there is none or it has expired.
   *
   * @param sid - the session id
   * @param callback - receives an error, or the data as they were given to `set` (`cookie.expires` may be a Date, its ISO
   * text, or milliseconds); an error whose `code` is `ENOENT` means that there is none
   */
  abstract get(sid: string, callback: (err: any, session?: SessionData | null) => void): void

  /**
   * Stores a session under its id, whether there is one already or not.
   *
   * @param sid - the session id
   * @param session - what to store: what `JSON.stringify` makes of it. `session.cookie.expires` tells when to forget it
   * @param callback - receives an error, or nothing
   */
  abstract set(sid: string, session: SessionData, callback?: (err?: any) => void): void

  /**
   * Removes a session; that there is none is no error.
   *
   * @param sid - the session id
   * @param callback - receives an error, or nothing
   */
  abstract destroy(sid: string, callback?: (err?: any) => void): void

  /**
   * Optional: restarts the idle timeout of a session, whose data have not changed. A session that is not there must not
   * come to be.
   *
   * @param sid - the session id
   * @param session - the session; `session.cookie.expires` tells the new end
   * @param callback - receives an error, or nothing
   */
  touch?(sid: string, session: SessionData, callback?: (err?: any) => void): void

  /**
   * Optional: changes what is stored under an id, with no other write of any process in between.
   *
   * @param sid - the session id
   * @param change - is to be called with what is stored, or nothing: more than once, if need be. What it returns is to be
   * stored as by `set`; `undefined` leaves all as it is
   * @param callback - receives an error, or nothing
   */
  update?(sid: string, change: Change, callback: (err?: any) => void): void

  /** Optional: answers with all sessions, as an array or by id. */
  all?(callback: (err: any, obj?: SessionData[] | { [sid: string]: SessionData } | null) => void): void

  /** Optional: answers with the number of sessions. */
  length?(callback: (err: any, length?: number) => void): void

  /** Optional: removes all sessions. */
  clear?(callback?: (err?: any) => void): void

  /**
   * Destroys the session of a request and makes it a new one.
   *
   * @param req - the request, whose `sessionID` and `session` change
   * @param callback - receives the error of `destroy`, if any, when the new session is there
   */
  regenerate(req: any, callback?: (err?: any) => any): void {
    callStore(this, 'destroy', [(req as SessionRequest).sessionID], (error) => {
      let failure = error
      try {
        this.generate(req)
      } catch (refused) {
        failure ??= refused
      }
      callback?.(failure)
    })
  }

  /**
   * Loads a session outside of any request.
   *
   * @param sid - the session id
   * @param callback - receives an error, or the session, or nothing if there is none
   */
  load(sid: string, callback: (err: any, session?: SessionData) => any): void {
    loadSession(this, sid, MAX_POINTERS, callback)
  }

  /**
   * Makes a session of stored data and gives it to a request.
   *
   * @param req - the request, or any object with a `sessionID`
   * @param data - the stored data; their `cookie` is replaced by a `Cookie`
   * @throws TypeError when the data have no `cookie`, or one that is none
   */
  createSession(req: any, data: SessionData): Session & SessionData {
    const stored = data.cookie as { expires?: unknown; originalMaxAge: number | null }
    const expires = stored.expires // No destructuring: stores rely on what V8 says of data without a cookie.
    const { originalMaxAge } = stored

    const cookie = new Cookie(data.cookie)
    if (typeof expires === 'string') cookie.expires = new Date(expires)
    // Setting `expires` has set this to the time that is left.
    cookie.originalMaxAge = originalMaxAge
    data.cookie = cookie

    const holder = req as SessionRequest
    const parts = hasNotes(data) ? takeApart(data) : undefined
    const session = new Session(holder, parts?.data ?? data) as Session & SessionData
    if (parts) keepNotes(session, parts.notes)
    holder.session = session
    return session
  }
}

/** Loads a session by its id, or by an older one that leads to it. */
function loadSession(
  store: Store,
  sid: string,
  pointers: number,
  callback: (error: unknown, session?: SessionData) => void
): void {
  callStore<SessionData>(store, 'get', [sid], (error, found) => {
    if (error) {
      callback(error)
      return
    }
    if (!found) {
      callback(undefined)
      return
    }
    if (isPointer(found)) {
      const pointer = pointers > 0 ? openPointer(sid, found) : undefined
      if (pointer) loadSession(store, pointer.to, pointers - 1, callback)
      else callback(undefined)
      return
    }
    let session
    try {
      session = store.createSession({ sessionID: sid, sessionStore: store }, found)
    } catch (unreadable) {
      callback(unreadable)
      return
    }
    callback(null, session)
  })
}

/** Makes what is to be stored of what is. */
export type Change = (stored: SessionData | null | undefined) => SessionData | undefined

/** An error or nothing from `get`: does it say that there is no such session? */
export function meansNoSession(error: unknown): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException
  // A missing file is a session that was not found; a missing Unix socket is a store that cannot be reached.
  return code === 'ENOENT' && syscall !== 'connect'
}
