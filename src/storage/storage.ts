import { asStored } from '../session/session.js'
import { meansNoSession } from '../stores/store.js'
import { callStore } from '../support/store-call.js'
import { hashed } from './hashed-ids.js'
import { sealed } from './sealed.js'
import { timeLimited } from './time-limited.js'
import type { StoreKeys } from '../session/hashed-id.js'
import type { SessionData, SessionRequest } from '../session/session.js'
import type { Settings } from '../settings.js'
import type { Answer } from '../support/store-call.js'
import type { Change, Store } from '../stores/store.js'
import type { Warnings } from '../support/warnings.js'
import type { EndedSessions } from './ended-sessions.js'

/**
 * All that the middleware and the methods of a session ask of a store. The store itself is behind it, and nobody
 * else calls it. What an option does with each call is put in between, as a function from one storage to another.
 */
export interface Storage {
  /** Answers with the stored session, or with nothing if there is none. */
  load(id: string, callback: Answer<SessionData | null>): void
  save(id: string, session: SessionData, callback: Answer): void
  touch(id: string, session: SessionData, callback: Answer): void
  destroy(id: string, callback: Answer): void

  /**
   * Changes what is stored, with nobody else's write between reading and writing; undefined where the store cannot do that.
   *
   * @param change - receives what is stored, or nothing; returns what must be stored, or undefined to leave all as it is. May
   * be called more than once, and before the store has answered
   */
  readonly update: ((id: string, change: Change, callback: Answer) => void) | undefined

  /** Destroys the session of a request and gives it a new one, by the store's own `regenerate`. */
  regenerate(req: SessionRequest, callback: Answer): void
}

/** What storages have in common. */
export interface StorageService {
  /** By what the store has instead of their ids. */
  readonly ended: EndedSessions
  readonly warnings: Warnings
}

/**
 * The storage of a middleware: its store, and around it, one after the other, what the options ask for.
 *
 * @param keys - what the store has instead of ids; undefined: the ids themselves
 */
export function storageFor(
  store: object,
  { storeTimeout, encryption }: Settings,
  { ended, warnings }: StorageService,
  keys?: StoreKeys
): Storage {
  let storage = callsTo(store)
  if (storeTimeout !== undefined) storage = timeLimited(storage, storeTimeout, ended)
  if (encryption) storage = sealed(storage, encryption, warnings)
  // Outermost: all within knows sessions by their keys.
  if (keys) storage = hashed(storage, keys, store)
  return storage
}

/** Looks for what is stored: answers with nothing, and no error, where the store says that there is none. */
export function find(storage: Storage, id: string, callback: Answer<SessionData | null>): void {
  storage.load(id, (error, found) => {
    if (error && meansNoSession(error)) callback()
    else callback(error, found)
  })
}

/** Calls a store: nothing between. What it answers a write with, beside an error, is its own affair: many say `'OK'`, or a row. */
function callsTo(store: object): Storage {
  const write =
    (method: 'set' | 'touch') =>
    (id: string, session: SessionData, callback: Answer): void =>
      callStore(store, method, [id, session], (error) => callback(error))
  return {
    load: (id, callback) =>
      callStore<SessionData | null>(store, 'get', [id], (error, found) => callback(error, asStored(found))),
    save: write('set'),
    touch: write('touch'),
    destroy: (id, callback) => callStore(store, 'destroy', [id], (error) => callback(error)),
    // Looked for when an option needs it: a proxy may refuse names that it does not know.
    get update() {
      if (typeof (store as Partial<Store>).update !== 'function') return undefined
      return (id: string, change: Change, callback: Answer) => {
        const changeStored: Change = (found) => change(asStored(found))
        callStore(store, 'update', [id, changeStored], (error) => callback(error))
      }
    },
    regenerate: (req, callback) => callStore(store, 'regenerate', [req], (error) => callback(error))
  }
}
