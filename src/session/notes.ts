import { hasToJSON } from './snapshot.js'
import type { Cookie } from './cookie.js'
import type { Session, SessionData } from './session.js'

/** The name in a stored session under which additions keep what they must remember with it. */
const RESERVED = '__session'

/**
 * What additions remember with a session: small JSON values. They lie in its stored form, right behind the cookie, and never
 * show on `req.session`. Those of additions that are off are kept: another process may have them on.
 */
export interface Notes {
  /** When the session began, in milliseconds since 1970. */
  readonly createdAt?: unknown
  readonly [name: string]: unknown
}

/** What a store has found, taken apart. */
export interface Found {
  readonly data: SessionData
  readonly notes: Notes | undefined
}

/** The notes in what is stored. Text, a number: the data of an app that knows nothing of this. */
export function notesIn(stored: SessionData): Notes | undefined {
  const notes = (stored as unknown as Record<string, unknown>)[RESERVED]
  return typeof notes === 'object' && notes !== null && !Array.isArray(notes) ? (notes as Notes) : undefined
}

/** A copy of what is stored in whose JSON the data are alone, without cookie and notes. */
export function dataAlone(stored: SessionData): Record<string, unknown> {
  const data: Record<string, unknown> = { ...stored, cookie: undefined }
  if (notesIn(stored)) data[RESERVED] = undefined
  return data
}

/** Moves the notes of a stored session aside. What the store has found stays as it is: it may be the store's own object. */
export function takeApart(found: SessionData): Found {
  const notes = notesIn(found)
  if (!notes) return { data: found, notes }

  const data = Object.assign(Object.create(Object.getPrototypeOf(found) as object) as SessionData, found)
  Reflect.deleteProperty(data, RESERVED)
  return { data, notes }
}

/**
 * What a store is given of a session that additions remember something with: an object that looks like the session, with
 * `id` and `req` hidden as ever.
 *
 * @param session - the session itself, which stays as it is
 * @param notes - what is to be remembered
 * @param cookie - what stores are to read as its cookie
 */
export function putTogether(session: Session & SessionData, notes: Notes, cookie: Cookie): SessionData {
  const { id, req } = session
  const whole = Object.create(Object.getPrototypeOf(session) as object, {
    req: { value: req },
    id: { value: id }
  }) as SessionData & Record<string, unknown>
  whole.cookie = cookie
  whole[RESERVED] = notes

  // Data with a toJSON of their own are asked, as a store's own JSON.stringify would ask them.
  const data = (hasToJSON(session) ? toJSON(session) : session) as unknown as Record<string, unknown>
  for (const key of Object.keys(data)) {
    if (key !== 'cookie' && key !== RESERVED) whole[key] = data[key]
  }
  return whole
}

function toJSON(session: object): object {
  const data: unknown = (session as { toJSON: () => unknown }).toJSON()
  return typeof data === 'object' && data !== null ? data : {}
}
