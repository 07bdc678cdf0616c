import { silence } from '../support/at-once.js'
import { callable } from '../support/callable.js'
import { codedError } from '../support/codes.js'
import { hiddenSlot } from '../support/hidden-slot.js'
import { callStore } from '../support/store-call.js'
import { setImmediate } from '../support/timers.js'
import { isPointer, putTogether, withNotes } from './notes.js'
import { readRegenerateOptions } from './renewal-options.js'
import type { Cookie } from './cookie.js'
import type { Answer } from '../support/store-call.js'
import type { Notes } from './notes.js'
import type { RegenerateOptions, Renewal } from './renewal-options.js'

/**
 * The data that apps keep in a session. Declare your own keys by merging: `interface SessionData { views: number }`.
 */
export interface SessionData {
  /** The session's cookie: when the session expires, and with which attributes its id travels. */
  cookie: Cookie
}

/** How the methods of a session tell that they are done. */
type Callback = (err: any) => void

/**
 * What a method of a session returns: `Result`, as `Never` is never given. That type parameter is there for objects that
 * tests type as `Session`. When TypeScript compares signatures it puts `any` in its place, and this becomes `This`; so a
 * method that takes a callback and returns the session is enough, though the promise is missing.
 */
type Returned<Result, This, Never> = [Never] extends [never] ? Result : This

/** What a session needs of the request it belongs to; any object will do. */
export interface SessionRequest {
  sessionID?: unknown
  session?: unknown
  sessionStore?: unknown
}

/** What `regenerate` may be given, and for the same objects anything: a method that takes a callback is enough. */
type Options<Never> = [Never] extends [never] ? RegenerateOptions : any

/**
 * For the same objects: TypeScript gives the parameter of their `regenerate(callback)` the union of what all
 * signatures of the method take there, and options cannot be called. With `any` among them it is `any`.
 */
type Uncalled = any

/**
 * Does what the methods of a session promise, and keeps the books of it. The lifecycle of a request keeps the request's
 * session; a session without one (`store.load`) goes to its store directly.
 */
export interface SessionKeeper {
  save(session: Session, done: Answer): void
  reload(session: Session, done: Answer): void
  destroy(session: Session, done: Answer): void
  regenerate(session: Session, done: Answer, renewal?: Renewal): void
  /** The app calls a `save` that it has put there instead of ours: what that does is not known here. */
  savesByOther?(session: Session): void
}

/** The keeper of a session. It is also on its cookie: an app's proxy around a session hands out the session's cookie. */
const keepers = hiddenSlot<SessionKeeper>()

/**
 * The session of one visitor: the data as plain properties, and the methods below. Only the data and `cookie` are
 * enumerable.
 *
 * With a callback `save`, `reload`, `destroy` and `regenerate` return the session. Without one they return a promise. A
 * promise that nobody awaits does not become an unhandled rejection.
 */
@callable(
  function Session(this: Session, req: SessionRequest, data?: object | null) {
    Object.defineProperty(this, 'req', { value: req })
    Object.defineProperty(this, 'id', { value: req.sessionID })
    // So that sessions of another copy of this library are told apart; see attachKeeper.
    keepers.set(this, undefined)

    if (typeof data === 'object' && data !== null) {
      const source = data as Record<string, unknown>
      const own = this as unknown as Record<string, unknown>
      for (const key in source) {
        if (!(key in this)) own[key] = source[key]
      }
    }
  },
  { enumerable: false, hasConstructor: true }
)
export class Session {
  /** The session id. */
  declare id: string

  /** @internal The request this session belongs to. */
  declare readonly req: SessionRequest

  /** The session's cookie: when the session expires, and with which attributes its id travels. */
  declare cookie: Cookie

  /**
   * @param _req - the request, whose `sessionID` becomes the session's id
   * @param _data - copied to the session, except names that it has itself
   */
  constructor(_req: SessionRequest, _data?: object | null) {
    // Never runs: it only gives the constructing function above its type.
  }

  /** Restarts the idle timeout: the session expires `cookie.originalMaxAge` milliseconds from now. */
  touch(): this {
    // Data may be named `resetMaxAge`.
    const method: unknown = this.resetMaxAge
    if (typeof method === 'function') method.call(this)
    else Session.prototype.resetMaxAge.call(this)
    return this
  }

  /** Restarts the idle timeout, like `touch`. */
  resetMaxAge(): this {
    const timeout: unknown = this.cookie.originalMaxAge
    // Some stores give back as text what was stored as a number.
    this.cookie.maxAge = isNumericText(timeout) ? Number(timeout) : (timeout as number)
    return this
  }

  /**
   * Saves the session now, and restarts the idle timeout. At the end of a response a changed session is saved without
   * that. Call it when something must find the session in the store before that.
   *
   * @param callback - receives the error of the store, if there is one. Its code is `ESESSIONENDED` if another request
   * has ended the session meanwhile
   */
  save<Never = never>(...none: never[]): Returned<Promise<void>, this, Never>
  save<Never = never>(callback: Callback): Returned<this, this, Never>
  save<Never = never>(callback?: Callback): Returned<this | Promise<void>, this, Never>
  save(callback?: Answer): this | Promise<void> {
    return answer(this, 'save', callback)
  }

  /**
   * Loads the session from the store again. Afterwards `req.session` is a new object with what the store holds.
   *
   * @param callback - receives the error of the store, or an Error with the message `failed to load session` if the
   * store has no such session
   */
  reload<Never = never>(...none: never[]): Returned<Promise<void>, this, Never>
  reload<Never = never>(callback: Callback): Returned<this, this, Never>
  reload(callback?: Answer): this | Promise<void> {
    return answer(this, 'reload', callback)
  }

  /**
   * Ends the session: removes it from the store, and `req.session` from the request. The cookie stays in the browser
   * and opens nothing. The option `clearCookie` removes it.
   *
   * @param callback - receives the error of the store, if there is one
   */
  destroy<Never = never>(...none: never[]): Returned<Promise<void>, this, Never>
  destroy<Never = never>(callback: Callback): Returned<this, this, Never>
  destroy(callback?: Answer): this | Promise<void> {
    return answer(this, 'destroy', callback)
  }

  /**
   * Ends the session and starts a new one with a new id as `req.session`. Call it whenever the rights of a visitor
   * change, and above all at login. Then an id that somebody planted before opens nothing.
   *
   * @param options - what the new session keeps, and for how long the old id leads to it. A wrong value is a TypeError,
   * for the callback or the promise
   * @param callback - receives the error of the store, if there is one. With options its code is `ESESSIONENDED` if
   * another request has ended the session meanwhile
   * @see OWASP Session Management Cheat Sheet, "Renew the Session ID After Any Privilege Level Change"; ASVS 7.2.4
   */
  regenerate<Never = never>(...none: never[]): Returned<Promise<void>, this, Never>
  /** Cannot be called; see `Uncalled`. */
  regenerate<Never = never>(options: Uncalled, never: never): Returned<this, this, Never>
  regenerate<Never = never>(options: Options<Never>): Returned<Promise<void>, this, Never>
  regenerate<Never = never>(options: Options<Never>, callback: Callback): Returned<this, this, Never>
  regenerate<Never = never>(callback: Callback): Returned<this, this, Never>
  // Rest parameters are no part of the function's length, which is 1 in 1.x.
  regenerate(given?: unknown, ...[callback]: [Answer?]): this | Promise<void> {
    if (typeof given === 'function') return answer(this, 'regenerate', given as Answer)
    return answer(this, 'regenerate', callback, given)
  }
}

const ACTIONS = ['save', 'reload', 'destroy', 'regenerate'] as const

const { save: ourSave } = Session.prototype

/**
 * What the session of a request has itself, besides what it inherits, as in 1.x: as these do not show, what an app puts in
 * their place does not show either. They call what the session inherits by then.
 */
export const ownMethods = {
  reload(this: Session, callback?: Answer): unknown {
    return inherited(this, 'reload').call(this, callback)
  },

  save(this: Session, ...args: [Answer?]): unknown {
    const save = inherited(this, 'save')
    if (save !== ourSave) keeperOf(this)?.savesByOther?.(this)
    return save.apply(this, args)
  }
}

/** A method that a session inherits, be it by way of another session. Copies that are no sessions inherit none, and get ours. */
function inherited(session: object, name: keyof typeof ownMethods): (callback?: Answer) => unknown {
  let from = session as Partial<typeof ownMethods> | null
  do from = Object.getPrototypeOf(from) as Partial<typeof ownMethods> | null
  while (from?.[name] === ownMethods[name])
  return from?.[name] ?? (Session.prototype[name] as (callback?: Answer) => unknown)
}

/**
 * Gives the session of a request, which has its keeper, what it has itself; one that a store has given a method of that name
 * keeps that. (Without a keeper a session of another copy would seem to have methods of its very own.)
 */
export function giveOwnMethods(session: Session): void {
  giveOwn(session, 'reload')
  giveOwn(session, 'save')
}

function giveOwn(session: Session, name: keyof typeof ownMethods): void {
  if (Object.hasOwn(session, name)) return
  Reflect.defineProperty(session, name, { value: ownMethods[name], configurable: true, writable: true })
}

/**
 * Puts a session in the care of a keeper, who from now on does what its methods above are asked for.
 *
 * The session may be of another class: a store that extends another copy of express-session hands back sessions of that
 * copy, whose methods know no keeper. They get ours, unless they are the session's very own.
 */
export function attachKeeper(session: Session, keeper: SessionKeeper): void {
  if (!keepers.isOn(session)) {
    for (const action of ACTIONS) {
      if (Object.hasOwn(session, action)) continue
      Object.defineProperty(session, action, {
        value: Session.prototype[action],
        configurable: true,
        writable: true
      })
    }
  }
  keepers.set(session, keeper)
  if (isObject(session.cookie)) keepers.set(session.cookie, keeper)
}

/** The keeper of what may be a session. */
export function keeperOf(session: unknown): SessionKeeper | undefined {
  if (!isObject(session)) return undefined
  const keeper = keepers.get(session)
  if (keeper) return keeper

  const { cookie } = session as Partial<Session>
  return isObject(cookie) ? keepers.get(cookie) : undefined
}

/** Has a method of a session carried out, and answers as its caller wishes: by callback or by promise. */
function answer(
  session: Session,
  action: (typeof ACTIONS)[number],
  callback: Answer | undefined,
  options?: unknown
): Session & Promise<void> {
  if (typeof callback === 'function') {
    // As in 1.x the callback is given as many arguments as the store has given for "no error".
    carryOut(session, action, options, (error) => (error === undefined ? callback() : callback(error)))
    return session as never
  }

  const promise = new Promise<void>((resolve, reject) => {
    carryOut(session, action, options, (error) => {
      if (error) reject(error)
      else resolve()
    })
  })
  promise.catch(() => undefined)
  return promise as never
}

/** @param options - of `regenerate` */
function carryOut(session: Session, action: (typeof ACTIONS)[number], options: unknown, done: Answer): void {
  const keeper = keeperOf(session) ?? withoutKeeper
  if (options === undefined) {
    keeper[action](session, done)
    return
  }
  let renewal: Renewal | undefined
  try {
    renewal = readRegenerateOptions(options)
  } catch (error) {
    setImmediate(done, error)
    return
  }
  keeper.regenerate(session, done, renewal)
}

/**
 * The session that a method of a store has just given a request. Apps replace these methods, and stores have their own.
 *
 * @throws TypeError when there is none
 */
export function madeBy(method: 'generate' | 'createSession', { session }: SessionRequest): Session {
  if (isObject(session)) return session as Session
  throw new TypeError(`store.${method}() has made no session: it must set the session of the request`)
}

/** Has a store make an empty session for a request. Apps replace the method, also by one that is async, and may reject. */
export function generateBy(store: { generate?(req: SessionRequest): unknown }, req: SessionRequest): void {
  silence((store as Required<typeof store>).generate(req))
}

/** What a session needs of its store beyond the calls that `callStore` makes. */
interface SessionMaker {
  createSession(req: SessionRequest, data: SessionData): Session
}

/** Keeps a session that no request keeps: asks the store itself. */
class StoreKeeper implements SessionKeeper {
  /** @param notes - what is remembered with the session */
  constructor(readonly notes: Notes | undefined) {}

  save(session: Session, done: Answer): void {
    const { notes } = this
    const stored = notes ? putTogether(session, notes, session.cookie) : session
    callStore(storeOf(session), 'set', [session.id, stored], done)
  }

  reload(session: Session, done: Answer): void {
    callStore<SessionData>(storeOf(session), 'get', [session.id], (error, found) => {
      if (error) done(error)
      else done(readAgain(session, asStored(found)))
    })
  }

  destroy(session: Session, done: Answer): void {
    delete session.req.session
    callStore(storeOf(session), 'destroy', [session.id], done)
  }

  regenerate(session: Session, done: Answer, renewal?: Renewal): void {
    if (renewal) {
      setImmediate(done, noResponse())
      return
    }
    callStore(storeOf(session), 'regenerate', [session.req], done)
  }
}

const withoutKeeper = new StoreKeeper(undefined)

/** Nobody could tell the client the new id. */
function noResponse(): Error {
  return codedError('ENORESPONSE', 'there is no response that could send the new session id')
}

/** Has a session that no request keeps remember what was stored with it. */
export function keepNotes(session: Session, notes: Notes | undefined): void {
  if (notes) attachKeeper(session, new StoreKeeper(notes))
}

/** What a session that no request keeps remembers. */
export function notesKeptWith(session: Session): Notes | undefined {
  const keeper = keeperOf(session)
  return keeper instanceof StoreKeeper ? keeper.notes : undefined
}

/**
 * What a store has found, as it is stored. Some stores make a session of that, by their own `createSession`, which moves aside
 * what is remembered with it.
 */
export function asStored<Found extends SessionData | null | undefined>(found: Found): Found | SessionData {
  const keeper = isObject(found) ? keepers.get(found) : undefined
  return keeper instanceof StoreKeeper ? withNotes(found as SessionData, keeper.notes) : found
}

/**
 * Gives the request of a session a new session object, with what the store holds now.
 *
 * @param found - what the store has found
 * @returns an error if that is no session
 */
export function readAgain(session: Session, found: SessionData | null | undefined): unknown {
  if (!found || isPointer(found)) return new Error('failed to load session')
  try {
    silence((storeOf(session) as SessionMaker).createSession(session.req, found))
    madeBy('createSession', session.req)
    return undefined
  } catch (unreadable) {
    return unreadable
  }
}

function storeOf(session: Session): object {
  return session.req.sessionStore as object
}

function isNumericText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
