import { EventEmitter } from 'node:events'
import { Cookie } from '../session/cookie.js'
import { hasNotes, isPointer, takeApart } from '../session/notes.js'
import { MAX_POINTERS, openPointer } from '../session/pointer.js'
import { Session, asStored, generateBy, keepNotes } from '../session/session.js'
import { callStore } from '../support/store-call.js'
import { callable } from '../support/callable.js'
import type { SessionData, SessionRequest } from '../session/session.js'

/**
 * Where sessions are kept. To write a store, extend this class. `get`, `set` and `destroy` are required, and `touch` is
 * needed for an idle timeout with `resave: false`. The others are optional.
 *
 * Each method gets a callback in Node's style. A method that does not declare that parameter may return a promise
 * instead.
 *
 * A store that loses its connection emits `disconnect`, and `connect` when it is back. What requests get in between is
 * what the option `onDisconnect` says.
 */
@callable(
  function Store(this: Store) {
    EventEmitter.call(this as never)
  },
  { enumerable: true, hasConstructor: true }
)
export abstract class Store extends EventEmitter {
  /** Makes an empty session with a new id for a request. Set by the middleware that uses the store. */
  generate?(req: any): void

  /**
   * Finds the data that are stored under a session id.
   *
   * @param sid - the session id
   * @param callback - receives an error; or the data that `set` was given, with `cookie.expires` as a Date, as ISO text
   * or in milliseconds; or nothing if there is no such session or it has expired. An error whose `code` is `ENOENT`
   * means that there is none
   */
  abstract get(sid: string, callback: (err: any, session?: SessionData | null) => void): void

  /**
   * Stores a session under its id, and replaces one that is there.
   *
   * @param sid - the session id
   * @param session - store what `JSON.stringify` makes of it, until `session.cookie.expires`
   * @param callback - receives an error, or nothing
   */
  abstract set(sid: string, session: SessionData, callback?: (err?: any) => void): void

  /**
   * Removes a session. If there is none, that is no error.
   *
   * @param sid - the session id
   * @param callback - receives an error, or nothing
   */
  abstract destroy(sid: string, callback?: (err?: any) => void): void

  /**
   * Optional: restarts the idle timeout of a session whose data have not changed. It must not create a session, and
   * must not change its data.
   *
   * @param sid - the session id
   * @param session - the session; `session.cookie.expires` is the new end
   * @param callback - receives an error, or nothing
   */
  touch?(sid: string, session: SessionData, callback?: (err?: any) => void): void

  /**
   * Optional: changes what is stored under an id, with no other write of any process in between.
   *
   * @param sid - the session id
   * @param change - the function to call with what is stored, or with nothing; more than once if another write came in
   * between. Store what it returns, as `set` does; leave all as it is if it returns undefined
   * @param callback - receives an error, or nothing
   */
  update?(sid: string, change: Change, callback: (err?: any) => void): void

  /** Optional: finds all sessions, as an array or by id. */
  all?(callback: (err: any, obj?: SessionData[] | { [sid: string]: SessionData } | null) => void): void

  /** Optional: counts the sessions. */
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
        generateBy(this, req as SessionRequest)
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
  callStore<SessionData>(store, 'get', [sid], (error, given) => {
    const found = asStored(given)
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

/** What an `update` stores: made of what is stored now. undefined changes nothing. */
export type Change = (stored: SessionData | null | undefined) => SessionData | undefined

/** An error or nothing from `get`: does it say that there is no such session? */
export function meansNoSession(error: unknown): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException
  // A missing file is a session that was not found; a missing Unix socket is a store that cannot be reached.
  return code === 'ENOENT' && syscall !== 'connect'
}
