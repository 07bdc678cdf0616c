import { Session, madeBy, ownMethods } from '../session/session.js'
import { dataOf, snapshotAgain } from '../session/snapshot.js'
import { silence } from '../support/at-once.js'
import { callOwnSave, isThenable } from '../support/store-call.js'
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
  if (!isObject(cookie)) throw notASession(given)
  if (isWhole(given)) {
    const { save, reload } = ownMethods
    if (given.save !== save || given.reload !== reload) hideOwnMethods(given)
    return given
  }

  const data = {} as Record<string, unknown>
  for (const key in given) data[key] = (given as unknown as Record<string, unknown>)[key]
  const holder = given === req.session ? req : { sessionID: req.sessionID, sessionStore: store }
  return made(store, holder, data as unknown as SessionData)
}

/** What a `createSession` of an app's own returns may be nothing: 1.x does not look at it. */
function made(store: Store, holder: SessionRequest, data: SessionData): Session {
  silence(store.createSession(holder, data))
  return madeBy('createSession', holder)
}

function isWhole(given: Session): boolean {
  return given.id !== undefined && Object.hasOwn(given, 'cookie')
}

function notASession({ regenerate }: Partial<Session>): TypeError {
  const isOne = typeof regenerate === 'function'
  return new TypeError(
    isOne
      ? 'req.session is not a session any more: its cookie is gone. Delete the keys of your data alone, or call ' +
          'req.session.regenerate() to start afresh'
      : 'req.session is not a session; to start afresh, call req.session.regenerate()'
  )
}

/**
 * Whether the end leaves what an app takes for the session as it is, though it lacks the id: it has a `save` of its own, as the
 * objects of tests do. As in 1.x that is called, and not the store.
 */
export function isKeptAsItIs(given: Session): boolean {
  return savesItself(given) && !isWhole(given)
}

/** Whether what an app takes for the session has a `save` of its own, and is not a session of another copy of express-session. */
export function savesItself(given: Session): boolean {
  const { save, resetMaxAge, cookie } = given as Partial<Session>
  if (typeof save !== 'function' || isInherited(save) || !isObject(cookie)) return false
  // What all such sessions inherit is replaced by ours; and a clone of one cannot do without ours.
  return Object.hasOwn(given, 'save') || typeof resetMaxAge !== 'function'
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
  // Without an id it saves itself.
  if (!session || state?.id === undefined || cookie === undefined) return undefined
  if (isUnchanged(session, state.data, cookie)) return undefined
  const holder = { sessionID: state.id, sessionStore: store }
  return made(store, holder, { cookie: JSON.parse(cookie) as Cookie, ...dataOf(state.data) })
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
  else if (isInherited(method)) callInheritedSave(session, done)
  else callOwnSave(session, done)
}

/** What an app puts in the place of `Session.prototype.save` may be async, and reject before it calls back. */
function callInheritedSave(session: Session, done: Answer): void {
  let isAnswered = false
  const answer: Answer = (error) => {
    if (isAnswered) return
    isAnswered = true
    done(error)
  }
  const returned: unknown = session.save(answer)
  if (returned !== session && isThenable(returned)) returned.then(undefined, answer)
}

/** Whether a `save` is what all sessions inherit, or leads there. */
function isInherited(save: object): boolean {
  return save === ownMethods.save || save === Session.prototype.save
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
