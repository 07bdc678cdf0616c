import type { IncomingMessage } from 'node:http'
import type { GivenCookieOptions } from './session/cookie.js'
import type { Store } from './stores/store.js'
import type { KeyRing } from './support/key-ring.js'
import type { Secret } from './transport/signed-ids.js'

/** The options as the rest of the library reads them: checked, and with their defaults. */
export interface Settings {
  /** In milliseconds; undefined: sessions may live for ever. */
  readonly absoluteTimeout: number | undefined
  readonly cookie: GivenCookieOptions | ((req: IncomingMessage) => GivenCookieOptions)
  /** Undefined: what is stored is not sealed. */
  readonly encryption: KeyRing | undefined
  readonly genid: (req: IncomingMessage) => string
  readonly name: string
  readonly onDisconnect: 'skip' | 'error'
  readonly proxy: boolean | undefined
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
  readonly unset: 'destroy' | 'keep'
}
