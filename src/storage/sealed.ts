import { debug } from '../support/debug.js'
import { setImmediate } from '../support/timers.js'
import { hasToJSON } from '../session/snapshot.js'
import type { SessionData } from '../session/session.js'
import type { Warnings } from '../support/warnings.js'
import type { SealingKey } from '../session/sealing-keys.js'
import type { Storage } from './storage.js'

type Members = Record<string, unknown>

/** What the store may read: it needs the cookie to know when a session expires. */
const PLAIN = ['cookie', '__session']

/**
 * Seals the data of each session: the option `encryption`. The store holds `{ cookie, __session, sealed }`, and a record
 * opens under the key alone that it was stored under.
 *
 * @param storage - holds what is sealed
 * @param keys - the first seals, all open
 * @param warnings - hears of records that no key opens
 */
export function sealed(storage: Storage, keys: readonly SealingKey[], warnings: Warnings): Storage {
  const [first] = keys as [SealingKey]

  const open = (id: string, found: SessionData): SessionData | undefined => {
    const text = (found as unknown as Members)['sealed']
    if (typeof text !== 'string') return found

    const bytes = Buffer.from(text, 'base64url')
    const mine = keys.filter((key) => key.mayOpen(bytes))
    if (mine.length === 0 && hasOtherData(found)) return found

    // Base64 has more than one text for the same bytes; of these one was written here.
    if (bytes.toString('base64url') === text) {
      for (const key of mine) {
        const json = key.open(bytes, id)
        if (json !== undefined) return { ...plainOf(found), ...(JSON.parse(json) as object) }
      }
    }
    warnUnreadable(warnings)
    return undefined
  }

  const seal = (id: string, session: SessionData): SessionData => {
    const form = formOf(session)
    form['sealed'] = first.seal(jsonOf(session), id).toString('base64url')
    return form as unknown as SessionData
  }

  /** For stores that look at the cookie alone nothing need be sealed: so it is done when somebody asks. */
  const sealLater = (id: string, session: SessionData): SessionData => {
    const form = formOf(session)
    let text: string | undefined
    Object.defineProperty(form, 'sealed', {
      enumerable: true,
      configurable: true,
      get: () => (text ??= first.seal(jsonOf(session), id).toString('base64url'))
    })
    return form as unknown as SessionData
  }

  return {
    load(id, callback) {
      storage.load(id, (error, found) => {
        if (error || !found) callback(error, found)
        else callback(undefined, open(id, found))
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
        const changeSealed = (stored: SessionData | null | undefined) => {
          const changed = change(stored ? open(id, stored) : stored)
          return changed && seal(id, changed)
        }
        storage.update?.(id, changeSealed, callback)
      }),
    regenerate: (req, callback) => storage.regenerate(req, callback)
  }
}

/** Those from before have their data beside the cookie, and some of these may be named `sealed`. */
function hasOtherData(found: SessionData): boolean {
  return Object.keys(found).some((key) => key !== 'sealed' && !isPlain(key))
}

function isPlain(key: string): boolean {
  return PLAIN.includes(key)
}

function plainOf(found: SessionData): Pick<SessionData, 'cookie'> {
  return Object.fromEntries(Object.entries(found).filter(([key]) => isPlain(key))) as unknown as SessionData
}

/** An object that looks like the session, without the data. */
function formOf(session: SessionData): Members {
  const form = Object.create(Object.getPrototypeOf(session) as object) as Members
  for (const name of ['req', 'id']) {
    if (name in session) Object.defineProperty(form, name, { value: (session as unknown as Members)[name] })
  }
  return Object.assign(form, plainOf(session))
}

/** The JSON of the data. */
function jsonOf(session: SessionData): string {
  // Data with a toJSON of their own are asked, as a store's own JSON.stringify would ask them.
  const data = hasToJSON(session) ? (session as unknown as { toJSON: () => object }).toJSON() : session
  const sealed = Object.fromEntries(Object.entries(data).filter(([key]) => !isPlain(key)))
  return JSON.stringify(sealed)
}

function warnUnreadable(warnings: Warnings): void {
  debug('a sealed session cannot be opened')
  warnings.warnOnce(
    'EXPRESS_SESSION_CANNOT_BE_OPENED',
    'A stored session cannot be opened by any key of the encryption option: it counts as none. Keep the keys that have ' +
      'sealed sessions until those have expired'
  )
}
