import type { IncomingMessage } from 'node:http'
import type { DeviceBinding } from '../device/device-binding.js'
import type { AbsoluteTimeout } from '../session/absolute-timeout.js'
import type { StoreKeys } from '../session/hashed-id.js'
import type { Session, SessionData } from '../session/session.js'
import type { Settings } from '../settings.js'
import type { SharedStore } from '../storage/shared-store.js'
import type { Storage } from '../storage/storage.js'
import type { TouchInterval } from '../storage/touch-interval.js'
import type { Warnings } from '../support/warnings.js'
import type { CookieRefresh } from '../transport/cookie-refresh.js'
import type { Secret, SignedIds } from '../transport/signed-ids.js'
import type { UserIndex } from '../users/user-index.js'
import type { Transport } from '../transport/transport.js'

/** A request, with what this library adds to it. */
export type SessionfulRequest = IncomingMessage & {
  secret?: Secret | undefined
  session?: (Session & SessionData) | null | undefined
  sessionID?: unknown
  sessionStore?: unknown
}

/** What the requests of a middleware have in common. */
export interface Service {
  readonly settings: Settings
  readonly sharedStore: SharedStore
  readonly storage: Storage
  /** What the store has instead of session ids; undefined: the ids themselves. */
  readonly keys: StoreKeys | undefined
  /** Undefined where the option is off. */
  readonly absoluteTimeout: AbsoluteTimeout | undefined
  /** Undefined where the option `deviceBound` is off. */
  readonly device: DeviceBinding | undefined
  /** Undefined where the option is off. */
  readonly touchInterval: TouchInterval | undefined
  /** Undefined where the option `user` is off. */
  readonly users: UserIndex | undefined
  /** Gives the transport of a request; asked once for it. Throws where the app gives none. */
  readonly transportFor: (req: IncomingMessage) => Transport
  /** Undefined where the option is off. */
  readonly cookieRefresh: CookieRefresh | undefined
  readonly signedIds: SignedIds
  readonly warnings: Warnings
}
