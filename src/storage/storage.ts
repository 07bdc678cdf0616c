import { callStore } from '../support/store-call.js'
import { timeLimited } from './time-limited.js'
import type { SessionData, SessionRequest } from '../session/session.js'
import type { Settings } from '../settings.js'
import type { Answer } from '../support/store-call.js'
import type { EndedSessions } from './ended-sessions.js'

/**
 * All that the middleware and the methods of a session ask of a store. The store itself is behind it, called by nobody
 * else: what is to be done with each call is put between, as a function from one storage to another.
 */
export interface Storage {
  /** Answers with the stored session, or with nothing if there is none. */
  load(id: string, callback: Answer<SessionData | null>): void
  save(id: string, session: SessionData, callback: Answer): void
  touch(id: string, session: SessionData, callback: Answer): void
  destroy(id: string, callback: Answer): void

  /** Destroys the session of a request and gives it a new one, by the store's own `regenerate`. */
  regenerate(req: SessionRequest, callback: Answer): void
}

/** The storage of a middleware: its store, and around it, one after the other, what the options ask for. */
export function storageFor(store: object, { storeTimeout }: Settings, ended: EndedSessions): Storage {
  let storage = callsTo(store)
  if (storeTimeout !== undefined) storage = timeLimited(storage, storeTimeout, ended)
  return storage
}

/** Calls a store: nothing between. */
function callsTo(store: object): Storage {
  return {
    load: (id, callback) => callStore(store, 'get', [id], callback),
    save: (id, session, callback) => callStore(store, 'set', [id, session], callback),
    touch: (id, session, callback) => callStore(store, 'touch', [id, session], callback),
    destroy: (id, callback) => callStore(store, 'destroy', [id], callback),
    regenerate: (req, callback) => callStore(store, 'regenerate', [req], callback)
  }
}
