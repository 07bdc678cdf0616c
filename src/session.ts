import { callable } from './callable.js'
import { callStore } from './store-call.js'
import type { Cookie, SessionCookie } from './cookie.js'
import type { Answer, Method, Work } from './store-call.js'

/** What apps keep in a session. Declare your own keys by merging: `interface SessionData { views: number }`. */
export interface SessionData {
  /** The session's cookie: when the session expires, and with which attributes its id travels. */
  cookie: Cookie
}

/** What a session needs of the request it belongs to; any object will do. */
export interface SessionRequest {
  sessionID?: unknown
  session?: unknown
  sessionStore?: unknown
}

/** What a session needs of its store. The other calls go through `callStore`. */
interface SessionMaker {
  createSession(req: SessionRequest, data: object): unknown
}

/** The methods of a session that ask the store for something. */
export type SessionAction = 'save' | 'reload' | 'destroy' | 'regenerate'

/**
 * Keeps the books of a session: which of its states are stored, what is under way. The request's lifecycle does; a
 * session without a request (`store.load`) has none.
 */
export interface SessionKeeper {
  /**
   * @param action - what the session was asked for
   * @param work - asks the store for it
   * @param done - tells the caller of the session's method
   */
  during(action: SessionAction, session: Session, work: Work, done: Answer): void

  /** The JSON of the session's data, if the store is just being asked to save it. */
  serialised(session: object): string | undefined
}

/** A constructor that returns what it is given: a class which extends it puts its private fields on that. */
const Given = function (object: object) {
  return object
} as unknown as new (object: object) => object

/**
 * An object that has a keeper, in a private field: it is nobody's data then, and shows in no loop and no log. (A hidden
 * property would do as well, but to define one takes half as long as to make the rest of the session.)
 */
class Kept extends Given {
  #keeper: SessionKeeper

  private constructor(object: object, keeper: SessionKeeper) {
    super(object)
    this.#keeper = keeper
  }

  static by(keeper: SessionKeeper, object: object): void {
    if (#keeper in object) object.#keeper = keeper
    else new Kept(object, keeper)
  }

  static keeperOf(object: object): SessionKeeper | undefined {
    return #keeper in object ? object.#keeper : undefined
  }
}

/**
 * One visitor's session: data as plain properties, and the methods below. Only the data and `cookie` are enumerable.
 *
 * `save`, `reload`, `destroy` and `regenerate` take a callback and return the session, or take none and return a
 * promise; nobody need await that, it never becomes an unhandled rejection.
 */
@callable(function Session(this: Session, req: SessionRequest, data?: object | null) {
  Object.defineProperty(this, 'req', { value: req })
  Object.defineProperty(this, 'id', { value: req.sessionID })

  if (typeof data === 'object' && data !== null) {
    const source = data as Record<string, unknown>
    const own = this as unknown as Record<string, unknown>
    for (const key in source) {
      if (!(key in this)) own[key] = source[key]
    }
  }
})
export class Session {
  /** The session id. */
  declare readonly id: string

  /** @internal The request this session belongs to. */
  declare readonly req: SessionRequest

  /** The session's cookie: when the session expires, and with which attributes its id travels. */
  declare cookie: SessionCookie

  /**
   * @param _req - the request, whose `sessionID` becomes the session's id
   * @param _data - copied to the session, but for names that are its own
   */
  constructor(_req: SessionRequest, _data?: object | null) {
    // Never runs: it only gives the constructing function below its type.
  }

  /** Restarts the idle timeout: the session expires `cookie.originalMaxAge` milliseconds from now. */
  touch(): this {
    // Data may be named `resetMaxAge`.
    const method: unknown = this.resetMaxAge
    if (typeof method === 'function') method.call(this)
    else Session.prototype.resetMaxAge.call(this)
    return this
  }

  /** Restarts the idle timeout, as `touch` does. */
  resetMaxAge(): this {
    this.cookie.maxAge = this.cookie.originalMaxAge
    return this
  }

  /**
   * Saves the session to the store now. At the end of a response that happens by itself if something changed; call it
   * when something else must find the session stored before that.
   *
   * @param callback - receives the store's error, if any
   */
  save(): Promise<void>
  save(callback: (err: any) => void): this
  save(callback?: (err: any) => void): this | Promise<void>
  save(callback?: Answer): this | Promise<void> {
    return perform(this, 'save', callback, (done) => {
      callStore(storeOf(this), 'set', this.id, this, done)
    })
  }

  /**
   * Loads the session from the store again: afterwards `req.session` is a new object with what the store holds.
   *
   * @param callback - receives the store's error, or an Error with the message `failed to load session`
   */
  reload(): Promise<void>
  reload(callback: (err: any) => void): this
  reload(callback?: Answer): this | Promise<void> {
    return perform(this, 'reload', callback, (done) => {
      const store = storeOf(this)
      callStore<object>(store, 'get', this.id, undefined, (error, data) => {
        if (error) {
          done(error)
          return
        }
        if (!data) {
          done(new Error('failed to load session'))
          return
        }
        try {
          ;(store as SessionMaker).createSession(this.req, data)
        } catch (unreadable) {
          done(unreadable)
          return
        }
        done()
      })
    })
  }

  /**
   * Ends the session: removes it from the store and `req.session` from the request. The cookie stays with the browser,
   * where it opens nothing any more; `res.clearCookie` removes it.
   *
   * @param callback - receives the store's error, if any
   */
  destroy(): Promise<void>
  destroy(callback: (err: any) => void): this
  destroy(callback?: Answer): this | Promise<void> {
    delete this.req.session
    return perform(this, 'destroy', callback, (done) => {
      callStore(storeOf(this), 'destroy', this.id, undefined, done)
    })
  }

  /**
   * Ends the session and starts an empty one with a new id as `req.session`. To be called whenever a visitor's rights
   * change, at login above all: an id somebody planted before then opens nothing (OWASP, session fixation).
   *
   * @param callback - receives the store's error, if any
   */
  regenerate(): Promise<void>
  regenerate(callback: (err: any) => void): this
  regenerate(callback?: Answer): this | Promise<void> {
    return perform(this, 'regenerate', callback, (done) => {
      callStore(storeOf(this), 'regenerate', this.req, undefined, done)
    })
  }
}

const ACTIONS: readonly SessionAction[] = ['save', 'reload', 'destroy', 'regenerate']

/**
 * Puts a session in the care of a keeper, who from now on hears of each call to the methods above.
 *
 * The session need not be of the class above: a store that extends another copy of express-session hands back sessions
 * of that copy, whose methods know no keeper. Theirs are wrapped.
 */
export function entrust(session: Session, keeper: SessionKeeper): void {
  Kept.by(keeper, session)
  if (isObject(session.cookie)) Kept.by(keeper, session.cookie)
  if (session instanceof Session) return

  for (const action of ACTIONS) {
    const method: unknown = session[action]
    if (typeof method !== 'function') continue
    const theirs = { [action]: afterSubject(method.bind(session) as Method) }
    Object.defineProperty(session, action, {
      value: (callback?: Answer) =>
        perform(session, action, callback, (done) => callStore(theirs, action, session, undefined, done)),
      configurable: true,
      writable: true
    })
  }
}

/** A method as those of a store are, whose callback comes second. */
function afterSubject(method: Method): Method {
  const shifted: Method = (_subject, ...args) => method(...args)
  return Object.defineProperty(shifted, 'length', { value: method.length + 1 })
}

/** The keeper of what may be a session. */
export function keeperOf(session: unknown): SessionKeeper | undefined {
  if (!isObject(session)) return undefined
  const keeper = Kept.keeperOf(session)
  if (keeper) return keeper

  // An app's proxy around a session has no private fields, and hands out the session's cookie.
  const { cookie } = session as Partial<Session>
  return isObject(cookie) ? Kept.keeperOf(cookie) : undefined
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function perform(
  session: Session,
  action: SessionAction,
  callback: Answer | undefined,
  work: Work
): Session & Promise<void> {
  const keeper = keeperOf(session)
  const run: Work = keeper ? (done) => keeper.during(action, session, work, done) : work

  if (typeof callback === 'function') {
    run((error) => callback(error))
    return session as never
  }

  const promise = new Promise<void>((resolve, reject) => {
    run((error) => {
      if (error) reject(error)
      else resolve()
    })
  })
  promise.catch(() => undefined)
  return promise as never
}

function storeOf(session: Session): object {
  return session.req.sessionStore as object
}
