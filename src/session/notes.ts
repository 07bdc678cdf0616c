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

/** The notes in a stored session. */
export function notesIn(found: SessionData): Notes | undefined {
  const notes = (found as unknown as Record<string, unknown>)[RESERVED]
  // Text, a number: the data of an app that knows nothing of this.
  return typeof notes === 'object' && notes !== null && !Array.isArray(notes) ? (notes as Notes) : undefined
}

/** Moves the notes of a stored session aside. What the store has found stays as it is: it may be the store's own object. */
export function takeApart(found: SessionData): Found {
  const notes = notesIn(found)
  return { data: notes ? withNotes(found, undefined) : found, notes }
}

/** A stored session with other notes, or with none. */
export function withNotes(found: SessionData, notes: Notes | undefined): SessionData {
  const copy = Object.assign(Object.create(Object.getPrototypeOf(found) as object) as SessionData, found)
  if (notes) Object.assign(copy, { [RESERVED]: notes })
  else Reflect.deleteProperty(copy, RESERVED)
  return copy
}

/**
 * What a store is given of a session where that is not the session itself: an object that looks like it, with `id` and `req`
 * hidden as ever.
 *
 * @param session - the session itself, which stays as it is
 * @param notes - what additions remember with it
 * @param cookie - what stores are to read as its cookie
 * @param id - what they are to read as its id
 */
export function putTogether(
  session: Session & SessionData,
  notes: Notes | undefined,
  cookie: Cookie,
  id = session.id
): SessionData {
  const { req } = session
  const whole = Object.create(Object.getPrototypeOf(session) as object, {
    req: { value: req },
    id: { value: id }
  }) as SessionData & Record<string, unknown>
  whole.cookie = cookie
  if (notes) whole[RESERVED] = notes

  // Data with a toJSON of their own are asked, as a store's own JSON.stringify would ask them.
  const data = (hasToJSON(session) ? toJSON(session) : session) as unknown as Record<string, unknown>
  for (const key of Object.keys(data)) {
    if (key !== 'cookie' && !(notes && key === RESERVED)) whole[key] = data[key]
  }
  return whole
}

function toJSON(session: object): object {
  const data: unknown = (session as { toJSON: () => unknown }).toJSON()
  return typeof data === 'object' && data !== null ? data : {}
}
