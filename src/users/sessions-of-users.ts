import { refOf } from '../support/debug.js'
import { checkRequest } from '../support/given-request.js'
import { shown as shownValue } from '../support/shown.js'
import { storeDisconnected } from '../storage/shared-store.js'
import { storageFor } from '../storage/storage.js'
import { UserIndex } from './user-index.js'
import type { Settings } from '../settings.js'
import type { Connection } from '../storage/shared-store.js'
import type { StorageService } from '../storage/storage.js'
import type { StoreKeys } from '../session/hashed-id.js'
import type { Selection } from './user-index.js'
import type { Entry } from './user-record.js'

/** A session of a user, as an app sees it. */
export interface UserSession {
  /** A name that does not open the session: the first 16 characters of the hex SHA-256 of its id. */
  readonly ref: string
  /** When the session began. */
  readonly createdAt: Date
  /**
   * When the session was last saved or touched. With `touchInterval` that may be earlier than the last request by the
   * interval.
   */
  readonly lastSeenAt: Date
  /** The `User-Agent` header of the login, up to 256 characters. */
  readonly userAgent: string | undefined
  /** The address of the login: `req.ip` of Express, or else the address of the connection. */
  readonly ip: string | undefined
}

/** Which sessions of a user end. Without either of the two, all of them end; undefined counts as not given. */
export interface SessionsToEnd {
  /** A request whose session does not end. */
  readonly except?: object | undefined
  /** The name of the one session that ends. */
  readonly ref?: string | undefined
}

/**
 * The records of the users of a middleware; undefined where the option `user` is off.
 *
 * @param keys - what the store has instead of ids; undefined: the ids themselves
 */
export function usersFor(
  settings: Settings,
  service: StorageService,
  keys: StoreKeys | undefined
): UserIndex | undefined {
  const { user, store } = settings
  if (!user) return undefined
  // Both are asked by the very keys that the store has.
  const sessions = storageFor(store, settings, service)
  const records = user.index === store ? sessions : storageFor(user.index, settings, service)
  const rules = { ...user, keyOf: (id: string) => keys?.of(id) ?? id }
  return new UserIndex(rules, records, sessions, service.ended, user.index)
}

/**
 * What an app may ask of the sessions of its users.
 *
 * @param onDisconnect - what becomes of that while the store says that it is disconnected: with `'skip'` it is asked
 */
export function sessionsOfUsers(
  users: UserIndex | undefined,
  { onDisconnect }: Pick<Settings, 'onDisconnect'>,
  connection: Connection
) {
  const theirs = () => {
    if (!users) throw new Error('the sessions of a user are known with the user option only')
    if (onDisconnect === 'error' && !connection.ready) throw storeDisconnected()
    return users
  }

  return {
    async sessionsOf(userId: string): Promise<UserSession[]> {
      const entries = await promised<Entry[]>((done) => theirs().list(userId, done))
      return entries.map(shown)
    },

    async endSessionsOf(userId: string, which: SessionsToEnd = {}): Promise<number> {
      const selection = selectionOf(which)
      return promised<number>((done) => theirs().endSessionsOf(userId, selection, done))
    },

    refOf: refOfRequest
  }
}

/** @throws TypeError where it names no session: that must not mean all of them */
function selectionOf(which: SessionsToEnd): Selection {
  // Not a list, a date or a Map either, in which no name would be found.
  if (Object.prototype.toString.call(which) !== '[object Object]') {
    throw new TypeError(`endSessionsOf: what names the sessions must be an object, not ${shownValue(which)}`)
  }
  for (const name of Object.keys(which)) {
    if (name !== 'except' && name !== 'ref') throw new TypeError(`endSessionsOf: no option is named ${name}`)
  }
  const { except, ref } = which
  if (ref !== undefined && (typeof ref !== 'string' || ref === '')) {
    throw new TypeError('endSessionsOf: ref must be the name of a session')
  }
  if (except === undefined) return { ref }
  const exceptRef = isObject(except) ? refOfRequest(except) : undefined
  if (exceptRef === undefined) throw new TypeError('endSessionsOf: except must be a request with a session')
  return { ref, exceptRef }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function refOfRequest(req: object): string | undefined {
  checkRequest('refOf', req)
  const { sessionID } = req as { sessionID?: unknown }
  return typeof sessionID === 'string' ? refOf(sessionID) : undefined
}

function shown({ ref, createdAt, lastSeenAt, userAgent, ip }: Entry): UserSession {
  return {
    ref,
    createdAt: new Date(createdAt),
    lastSeenAt: new Date(lastSeenAt),
    userAgent: userAgent ?? undefined,
    ip: ip ?? undefined
  }
}

function promised<Result>(ask: (done: (error?: unknown, result?: Result) => void) => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    ask((error, result) => {
      if (error) reject(error)
      else resolve(result as Result)
    })
  })
}
