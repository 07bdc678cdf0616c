import { dataAlone, notesIn } from '../session/notes.js'
import { hasToJSON } from '../session/snapshot.js'
import { debug } from '../support/debug.js'
import { hiddenSlot } from '../support/hidden-slot.js'
import { setImmediate } from '../support/timers.js'
import type { Notes } from '../session/notes.js'
import type { SealingKey } from '../session/sealing-keys.js'
import type { Session, SessionData } from '../session/session.js'
import type { Warnings } from '../support/warnings.js'
import type { Storage } from './storage.js'

/**
 * What each sealed text begins with: RFC 7518's name of the algorithm, and a version. So it is known as such when it cannot
 * be opened. Base64url follows.
 */
const MARK = 'A256GCM.1.'

/** A text that may have been sealed here: the mark, and base64url of more than a key's name, a nonce and a tag. */
const MAY_BE_SEALED = /^A256GCM\.1\.[\w-]{46,}$/

/** What the store holds: cookie and notes, which must stay readable, and one text for all else. */
type SealedRecord = SessionData & { __session?: Notes; sealed: string }

/** For each record that is not sealed yet: the function that seals it. It is called when somebody reads `sealed`. */
const laterTexts = hiddenSlot<() => string>()

/** All records share this getter. If each had a separate one, V8 would make a hidden class for each: as slow as sealing it. */
const SEALED_LATER: PropertyDescriptor = {
  enumerable: true,
  configurable: true,
  get(this: object) {
    return laterText(this)
  }
}

/** A store may have made an object that inherits from the record. */
function laterText(record: object | null): string | undefined {
  if (!record) return undefined
  const text = laterTexts.get(record)
  return text ? text() : laterText(Object.getPrototypeOf(record) as object | null)
}

/**
 * Seals the data of each session: the option `encryption`. The store holds `{ cookie, __session, sealed }`, and a record
 * opens under the key alone that it was stored under.
 *
 * What no key opens is no session: its key is not here, or it has been changed, or moved. What was stored plainly, before the
 * option was on, is read, and sealed with its next save.
 *
 * @param storage - holds what is sealed
 * @param keys - the first seals, all open
 * @param warnings - hears of records that no key opens
 */
export function sealed(storage: Storage, keys: readonly SealingKey[], warnings: Warnings): Storage {
  const [first] = keys as [SealingKey]

  const textOf = (id: string, session: SessionData) =>
    MARK + first.seal(jsonOf(session), id).toString('base64url')

  const seal = (id: string, session: SessionData): SessionData => {
    const form = formOf(session)
    form.sealed = textOf(id, session)
    return form
  }

  /** A store may look at the cookie only. So the data are sealed when somebody reads `sealed`. */
  const sealLater = (id: string, session: SessionData): SessionData => {
    const form = formOf(session)
    let text: string | undefined
    laterTexts.set(form, () => (text ??= textOf(id, session)))
    return Object.defineProperty(form, 'sealed', SEALED_LATER)
  }

  const open = (id: string, found: SessionData): SessionData | undefined => {
    if (!isRecord(found)) return found
    const json = opened(found.sealed, keys, id)
    if (json === undefined) {
      warnUnreadable(warnings)
      return undefined
    }
    // Nothing else that lies there has been sealed.
    const notes = notesIn(found)
    return { cookie: found.cookie, ...(notes && { __session: notes }), ...(JSON.parse(json) as object) }
  }

  return {
    load(id, callback) {
      storage.load(id, (error, found) => {
        let session = found
        let failure = error
        try {
          if (!error && found) session = open(id, found)
        } catch (unreadable) {
          // An odd object, whose getters throw.
          failure = unreadable
        }
        callback(failure, session)
      })
    },
    save(id, session, callback) {
      let form
      try {
        form = seal(id, session)
      } catch (error) {
        setImmediate(callback, error)
        return
      }
      storage.save(id, form, callback)
    },
    touch(id, session, callback) {
      storage.touch(id, sealLater(id, session), callback)
    },
    destroy: (id, callback) => storage.destroy(id, callback),
    update:
      storage.update &&
      ((id, change, callback) => {
        // What is thrown here would reach the store, and nobody knows what it makes of that.
        let failure: unknown
        const changeSealed = (stored: SessionData | null | undefined) => {
          failure = undefined
          try {
            const changed = change(stored ? open(id, stored) : stored)
            return changed && seal(id, changed)
          } catch (error) {
            failure = error
            return undefined
          }
        }
        storage.update?.(id, changeSealed, (error) => callback(error ?? failure))
      }),
    regenerate: (req, callback) => storage.regenerate(req, callback)
  }
}

/** Whether what a store has found has been sealed. This needs no key. An app may have a text of that name, too. */
export function isSealed(found: SessionData): boolean {
  const { sealed: text } = found as Partial<SealedRecord>
  return typeof text === 'string' && MAY_BE_SEALED.test(text)
}

export function warnUnreadable(warnings: Warnings): void {
  debug('a sealed session cannot be opened')
  warnings.warnOnce(
    'EXPRESS_SESSION_CANNOT_BE_OPENED',
    'A stored session cannot be opened by any key of the encryption option: it counts as none. Keep the keys that have ' +
      'sealed sessions until those have expired'
  )
}

/**
 * Whether what is stored has been sealed, even if it was damaged since. Data stored before `encryption` was on may have a member
 * of that name, too, and stores may add members to what they are given.
 */
function isRecord(found: SessionData): found is SealedRecord {
  const { sealed: text } = found as Partial<SealedRecord>
  return typeof text === 'string' && (hasOrHadMark(text) || isAlone(found))
}

/** Whether a text begins with the mark, or with one in which a character was changed, or is what is left of one. */
function hasOrHadMark(text: string): boolean {
  const length = Math.min(text.length, MARK.length)
  let others = 0
  for (let i = 0; i < length; i++) if (text[i] !== MARK[i]) others++
  return others === 0 || (others === 1 && length === MARK.length)
}

/** Whether `sealed` is the only data. */
function isAlone(found: SessionData): boolean {
  return Object.entries(dataAlone(found)).every(([key, value]) => key === 'sealed' || value === undefined)
}

/** @returns the JSON; undefined if no key opens it */
function opened(text: string, keys: readonly SealingKey[], id: string): string | undefined {
  if (!text.startsWith(MARK)) return undefined
  const encoded = text.slice(MARK.length)
  const bytes = Buffer.from(encoded, 'base64url')
  // Base64 has more than one text for the same bytes; of these one was written here.
  if (bytes.toString('base64url') !== encoded) return undefined
  for (const key of keys) {
    const json = key.mayOpen(bytes) ? key.open(bytes, id) : undefined
    if (json !== undefined) return json
  }
  return undefined
}

/** An object that looks like the session, with `id` and `req` hidden as in a session, and without the data. */
function formOf(session: SessionData): SealedRecord {
  const { id, req } = session as SessionData & Partial<Session>
  const form = Object.create(Object.getPrototypeOf(session) as object) as SealedRecord
  Object.defineProperty(form, 'req', { value: req })
  Object.defineProperty(form, 'id', { value: id })
  // It would speak for the data.
  if (hasToJSON(session)) Object.defineProperty(form, 'toJSON', { value: undefined })
  form.cookie = session.cookie
  const notes = notesIn(session)
  if (notes) form.__session = notes
  return form
}

/** The JSON of the data: what a store's own `JSON.stringify` would make of them. */
function jsonOf(session: SessionData): string {
  if (!hasToJSON(session)) return JSON.stringify(dataAlone(session))
  const said: unknown = (session as unknown as { toJSON: () => unknown }).toJSON()
  // What it says may have a toJSON again, which JSON.stringify would not ask.
  const data = typeof said === 'object' && said !== null ? dataAlone(said as SessionData) : {}
  return JSON.stringify({ ...data, toJSON: undefined })
}
