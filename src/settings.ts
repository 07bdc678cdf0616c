import type { IncomingMessage } from 'node:http'
import type { GivenCookieOptions } from './session/cookie.js'
import type { ResolveConflict } from './session/merge.js'
import type { SealingKey } from './session/sealing-keys.js'
import type { Session, SessionData } from './session/session.js'
import type { Store } from './stores/store.js'
import type { Secret } from './transport/signed-ids.js'
import type { TransportOption } from './transport/transports.js'

/** The options that concern the sessions of a user. */
export interface UserSettings {
  readonly userOf: (session: Session) => unknown
  readonly maxSessions: number
  readonly onTooManySessions: 'end-oldest' | 'refuse'
  /** Where the records of users are kept. */
  readonly index: Store
}

/** The options as the rest of the library reads them: checked, and with their defaults. */
export interface Settings {
  /** In milliseconds; undefined: sessions may live for ever. */
  readonly absoluteTimeout: number | undefined
  readonly cacheControl: boolean
  readonly clearCookie: boolean
  /** What decides where two requests have changed the same; undefined: the later save overwrites all. */
  readonly concurrency: ResolveConflict | undefined
  readonly cookie: GivenCookieOptions | ((req: IncomingMessage) => GivenCookieOptions)
  /** Undefined: sessions are stored as they are. */
  readonly encryption: readonly SealingKey[] | undefined
  /** Undefined: sessions are not bound to devices. */
  readonly deviceBound: DeviceBoundSettings | undefined
  readonly genid: (req: IncomingMessage) => string
  readonly hashSessionIds: boolean
  readonly name: string
  readonly onDisconnect: 'skip' | 'error'
  readonly proxy: boolean | undefined
  readonly refreshCookie: boolean
  readonly rememberSignatures: boolean
  readonly resave: boolean
  readonly rolling: boolean
  readonly saveUninitialized: boolean
  /** Undefined: those of `req.secret`. */
  readonly secrets: readonly Secret[] | undefined
  readonly store: Store
  /** In milliseconds; undefined: as long as it takes. */
  readonly storeTimeout: number | undefined
  /** In milliseconds; undefined: with each request. */
  readonly touchInterval: number | undefined
  /** Whether the store has a `touch`. */
  readonly touches: boolean
  readonly transport: TransportOption
  readonly unset: 'destroy' | 'keep'
  /** Undefined: nobody asks for the sessions of a user. */
  readonly user: UserSettings | undefined
}

/** The option `deviceBound`, checked and with its defaults. */
export interface DeviceBoundSettings {
  readonly when: (session: Session & SessionData, req: IncomingMessage) => unknown
  /** Of the bound cookie, in milliseconds. */
  readonly lifetime: number
  /** Below which the endpoints lie. */
  readonly path: string
  /** Of the bound cookie. */
  readonly name: string
  readonly exclude: readonly string[]
  /** Undefined: all, unless the cookie is sent with all cross-site requests. */
  readonly initiators: readonly string[] | undefined
  readonly site: string | undefined
}
