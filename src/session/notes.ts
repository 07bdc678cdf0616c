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
  /** Under which key the record lies that names the sessions of its user. */
  readonly user?: unknown
  /** Where the session lies, once its id has been renewed; see `pointer.ts`. Then there are no data. */
  readonly pointer?: unknown
  readonly [name: string]: unknown
}

/** What a store has found, taken apart. */
export interface Found {
  readonly data: SessionData
  readonly notes: Notes | undefined
}

/** The notes in what is stored, as they are. Text, a number, a list: the data of an app that knows nothing of this. */
export function notesIn(stored: SessionData | null | undefined): Notes | undefined {
  const notes = (stored as unknown as Record<string, unknown> | null | undefined)?.[RESERVED]
  return typeof notes === 'object' && notes !== null && !Array.isArray(notes) ? (notes as Notes) : undefined
}

/** Whether there is anything to take apart: most stored sessions have nothing. */
export function hasNotes(found: SessionData): boolean {
  return notesIn(found) !== undefined
}

/** The key of the record that names a stored session as one of its user's; undefined if it is nobody's. */
export function userRecordOf(stored: SessionData | null | undefined): string | undefined {
  const record = notesIn(stored)?.user
  return typeof record === 'string' ? record : undefined
}

/** A copy of what is stored in whose JSON the data are alone, without cookie and notes. */
export function dataAlone(stored: SessionData): Record<string, unknown> {
  const data: Record<string, unknown> = { ...stored, cookie: undefined }
  if (hasNotes(stored)) data[RESERVED] = undefined
  return data
}

/** Whether what a store has found is no session, but leads to one whose id has been renewed. */
export function isPointer(found: SessionData | null | undefined): boolean {
  try {
    return notesIn(found)?.pointer !== undefined
  } catch {
    // An odd object: whoever reads it later meets the error.
    return false
  }
}

/** Moves the notes of a stored session aside. What the store has found stays as it is: it may be the store's own object. */
export function takeApart(found: SessionData): Found {
  const notes = notesIn(found)
  if (!notes) return { data: found, notes: undefined }
  // Without any nothing is remembered any more: the next save drops the name.
  return { data: withNotes(found, undefined), notes: Object.keys(notes).length > 0 ? notes : undefined }
}

/** A stored session with other notes, or with none. */
export function withNotes(found: SessionData, notes: Notes | undefined): SessionData {
  const whole = Object.create(Object.getPrototypeOf(found) as object) as SessionData & Record<string, unknown>
  whole.cookie = found.cookie
  if (notes) whole[RESERVED] = notes
  copyData(found, whole)
  return whole
}

/** What a store is given instead of a session's own id and data. */
interface OtherParts {
  readonly id?: string
  readonly data?: object | undefined
}

/**
 * What a store is given of a session where that is not the session itself: an object that looks like it, with `id` and `req`
 * hidden as in a session.
 *
 * @param session - the session itself, which stays as it is
 * @param notes - what additions remember with it
 * @param cookie - what stores will read as its cookie
 * @param parts - what they will read as its id and its data, if these are not the session's own
 */
export function putTogether(
  session: Session & SessionData,
  notes: Notes | undefined,
  cookie: Cookie,
  { id = session.id, data: given }: OtherParts = {}
): SessionData {
  const { req } = session
  const whole = Object.create(Object.getPrototypeOf(session) as object) as SessionData &
    Record<string, unknown>
  whole.cookie = cookie
  if (notes) whole[RESERVED] = notes

  // Data with a toJSON of their own are asked, as a store's own JSON.stringify would ask them: now, and not once more.
  const isAsked = hasToJSON(session)
  const data = given ?? (isAsked ? toJSON(session) : session)
  copyData(data, whole, notes !== undefined)
  if (isAsked) Object.defineProperty(whole, 'toJSON', { value: undefined, enumerable: false })
  // Not over data of that name, which a toJSON may give.
  if (!Object.hasOwn(whole, 'req')) Object.defineProperty(whole, 'req', { value: req })
  if (!Object.hasOwn(whole, 'id')) Object.defineProperty(whole, 'id', { value: id })
  return whole
}

/** @param isReserved - false where the reserved name is that of an app's own data */
function copyData(from: object, to: Record<string, unknown>, isReserved = true): void {
  const data = from as Record<string, unknown>
  for (const key of Object.keys(data)) {
    if (key === 'cookie' || (isReserved && key === RESERVED)) continue
    // By an assignment this would become the prototype.
    if (key === '__proto__') defineMember(to, key, data[key])
    else to[key] = data[key]
  }
}

function defineMember(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
}

function toJSON(session: object): object {
  const data: unknown = (session as { toJSON: () => unknown }).toJSON()
  return typeof data === 'object' && data !== null ? data : {}
}
