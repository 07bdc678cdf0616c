import { Session } from '../session/session.js'
import { dataOf, snapshotAgain } from '../session/snapshot.js'
import { callOwnSave } from '../support/store-call.js'
import type { Cookie } from '../session/cookie.js'
import type { SessionData, SessionRequest } from '../session/session.js'
import type { Snapshot } from '../session/snapshot.js'
import type { Answer } from '../support/store-call.js'
import type { Store } from '../stores/store.js'
import type { End } from './ledger.js'

type SessionHolder = SessionRequest & { session?: (Session & SessionData) | null | undefined }

/**
 * What an app takes for the session of its request. Apps put copies there - by `{ ...req.session }`, by a deep clone, by
 * `Object.create` - that have the data and the cookie, and not the id: such a copy becomes a session.
 *
 * @throws TypeError when it is nothing of the kind
 */
export function wholeSession(req: SessionHolder, given: Session, store: Store): Session {
  const { cookie } = given as Partial<Session>
  if (typeof cookie !== 'object' || cookie === null) {
    throw new TypeError('req.session is not a session; to start afresh, call req.session.regenerate()')
  }
  if (given.id !== undefined && Object.hasOwn(given, 'cookie')) {
    const { save, reload } = Session.prototype
    if (given.save !== save || given.reload !== reload) hideOwnMethods(given)
    return given
  }

  const data = {} as Record<string, unknown>
  for (const key in given) data[key] = (given as unknown as Record<string, unknown>)[key]
  const holder = given === req.session ? req : { sessionID: req.sessionID, sessionStore: store }
  return store.createSession(holder, data as unknown as SessionData)
}

/** In 1.x a session has these as hidden properties: one that an app replaces is not data. */
function hideOwnMethods(session: Session): void {
  for (const name of ['save', 'reload'] as const) {
    if (!Object.prototype.propertyIsEnumerable.call(session, name)) continue
    if (typeof session[name] === 'function') Reflect.defineProperty(session, name, { enumerable: false })
  }
}

/**
 * A session as it was at an earlier moment, such as the end of the response, if the app has changed it since.
 *
 * @returns undefined if it is the same
 */
export function copyAtEnd(
  { session, state, cookie }: Pick<End, 'session' | 'state' | 'cookie'>,
  store: Store
): Session | undefined {
  if (!session || !state || cookie === undefined || isUnchanged(session, state.data, cookie)) return undefined
  const holder = { sessionID: state.id, sessionStore: store }
  return store.createSession(holder, { cookie: JSON.parse(cookie) as Cookie, ...dataOf(state.data) })
}

function isUnchanged(session: Session, data: Snapshot, cookie: string): boolean {
  try {
    return snapshotAgain(session, data) === data && JSON.stringify(session.cookie) === cookie
  } catch {
    return false
  }
}

/** Calls the `save` of a session: its own, where the app has given it one. */
export function callSave(session: Session, done: Answer): void {
  const method: unknown = session.save
  // Data may be named `save`.
  if (typeof method !== 'function') void Session.prototype.save.call(session, done)
  else if (method === Session.prototype.save) void session.save(done)
  else callOwnSave(session, done)
}
