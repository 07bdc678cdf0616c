import { dataAlone, notesIn } from '../session/notes.js'
import { hasToJSON } from '../session/snapshot.js'
import { hasMark, hasMarkOrOnceHad } from '../support/key-ring.js'
import type { Notes } from '../session/notes.js'
import type { Session, SessionData } from '../session/session.js'
import type { KeyRing } from '../support/key-ring.js'
import type { Warnings } from '../support/warnings.js'
import type { Storage } from './storage.js'

/** What a store holds of a session: `cookie` and `__session`, for those who must read them, and one text for all else. */
type SealedRecord = SessionData & { sealed: string }

/**
 * Seals what a store is given, and opens what it finds: the option `encryption`. The store holds of a session its cookie, what
 * additions remember, and a text that can be opened under its id and nowhere else.
 *
 * What no key opens is no session: it was sealed with a key that is not here, or has been changed, or moved. What was stored
 * plainly, before the option was on, is read, and sealed with its next save.
 *
 * @param storage - the store: its ids are what the texts are sealed for
 * @param ring - the keys
 * @param warnings - hears of what could not be opened
 */
export function sealed(storage: Storage, ring: KeyRing, warnings: Warnings): Storage {
  const opened = (id: string, found: SessionData | null | undefined) => {
    if (!found || !isRecord(found)) return found
    const session = open(ring, id, found)
    if (!session) warnNotOpened(warnings)
    return session
  }

  return {
    load(id, callback) {
      storage.load(id, (error, found) => callback(error, error ? found : opened(id, found)))
    },
    save(id, session, callback) {
      let record: SessionData
      try {
        record = seal(ring, id, session)
      } catch (error) {
        // Data that JSON cannot hold; the store would have thrown this.
        callback(error)
        return
      }
      storage.save(id, record, callback)
    },
    touch(id, session, callback) {
      storage.touch(id, sealWhenRead(ring, id, session), callback)
    },
    destroy: (id, callback) => storage.destroy(id, callback),
    update:
      storage.update &&
      ((id, change, callback) => {
        let failure: unknown
        const changeOpened = (stored: SessionData | null | undefined) => {
          failure = undefined
          try {
            const session = change(opened(id, stored))
            return session && seal(ring, id, session)
          } catch (error) {
            failure = error
            return undefined
          }
        }
        storage.update?.(id, changeOpened, (error) => callback(error ?? failure))
      }),
    regenerate: (req, callback) => storage.regenerate(req, callback)
  }
}

/** Whether what a store has found is sealed, where nobody can open it: the option is off. */
export function isSealed(found: SessionData): boolean {
  const { sealed: text } = found as Partial<SealedRecord>
  return typeof text === 'string' && hasMark(text)
}

export function warnNotOpened(warnings: Warnings): void {
  warnings.warnOnce(
    'EXPRESS_SESSION_NOT_OPENED',
    'A stored session is sealed, and no key of the encryption option opens it: it counts as no session. Either that key ' +
      'is missing here, or what is stored has been changed, or stored under another id'
  )
}

/**
 * Whether what is stored has been sealed, even if it was damaged since. Data of before may have a member of that name, too;
 * stores may add members of their own to what they are given.
 */
function isRecord(found: SessionData): found is SealedRecord {
  const { sealed: text } = found as Partial<SealedRecord>
  return typeof text === 'string' && (hasMarkOrOnceHad(text) || isAlone(found))
}

/** Whether `sealed` is the only data. */
function isAlone(found: SessionData): boolean {
  return Object.entries(dataAlone(found)).every(([key, value]) => key === 'sealed' || value === undefined)
}

function open(ring: KeyRing, id: string, found: SealedRecord): SessionData | undefined {
  const text = ring.open(found.sealed, id)
  if (text === undefined) return undefined
  // Nothing else that lies there has been sealed.
  const { cookie } = found
  const notes = notesIn(found)
  const data = JSON.parse(text) as object
  return { cookie, ...(notes && { __session: notes }), ...data }
}

function seal(ring: KeyRing, id: string, session: SessionData): SessionData {
  const record = recordOf(session)
  record.sealed = ring.seal(jsonOf(session), id)
  return record
}

/** For a touch: few stores read more of it than the cookie. */
function sealWhenRead(ring: KeyRing, id: string, session: SessionData): SessionData {
  let text: string | undefined
  return Object.defineProperty(recordOf(session), 'sealed', {
    configurable: true,
    enumerable: true,
    get: () => (text ??= ring.seal(jsonOf(session), id))
  })
}

/** What looks like the session, with `id` and `req` hidden as ever, and has no data yet. */
function recordOf(session: SessionData): SealedRecord {
  const { id, req } = session as SessionData & Partial<Session>
  const hidden: PropertyDescriptorMap = { req: { value: req }, id: { value: id } }
  // It would speak for the data.
  if (hasToJSON(session)) hidden['toJSON'] = { value: undefined }
  const record = Object.create(Object.getPrototypeOf(session) as object, hidden) as SealedRecord & {
    __session?: Notes
  }
  record.cookie = session.cookie
  const notes = notesIn(session)
  if (notes) record.__session = notes
  return record
}

/** The JSON of a session's data: what a store's own `JSON.stringify` would make of them. */
function jsonOf(session: SessionData): string {
  if (!hasToJSON(session)) return JSON.stringify(dataAlone(session))
  const said: unknown = (session as unknown as { toJSON: () => unknown }).toJSON()
  // What it says may have a toJSON again, which JSON.stringify would not ask.
  const data = typeof said === 'object' && said !== null ? dataAlone(said as SessionData) : {}
  return JSON.stringify({ ...data, toJSON: undefined })
}
