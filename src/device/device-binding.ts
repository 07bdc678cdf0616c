import { isSecure } from '../support/secure-connection.js'
import { BoundedMemory } from '../support/bounded-memory.js'
import { CookieTransport } from '../transport/cookie-transport.js'
import { BoundCookie } from './bound-cookie.js'
import { DerivedKeys } from './derived-keys.js'
import { Endpoints } from './endpoints.js'
import { isFresh, isPinnedTo, makePin, pinOf, withPin } from './pin.js'
import { SealedValues } from './sealed-values.js'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AbsoluteTimeout } from '../session/absolute-timeout.js'
import type { Notes } from '../session/notes.js'
import type { Session, SessionData } from '../session/session.js'
import type { DeviceBoundSettings } from '../settings.js'
import type { StoreKeys } from '../session/hashed-id.js'
import type { Connection, SharedStore } from '../storage/shared-store.js'
import type { Storage } from '../storage/storage.js'
import type { Warnings } from '../support/warnings.js'
import type { Secret, SignedIds } from '../transport/signed-ids.js'
import type { Attributes } from './bound-cookie.js'
import type { Pin } from './pin.js'

/** What the pins of sessions that this process has bound may take: some ten thousand of them. */
const MAX_BYTES = 2 * 1024 * 1024

/**
 * What stands in the bound cookie while a browser registers, and for how long, in seconds. It stops the page after the login
 * from offering a second time, which would make a second key. Browsers that know nothing of all this are offered it once
 * a minute for that reason, and not with each page.
 */
const PLACEHOLDER = 'offered'
const PLACEHOLDER_AGE = 60

/** Below this a lifetime uses up what a browser signs for one site: six signatures in nine minutes. */
const SHORT_LIFETIME = 5 * 60_000

/** What there is around it. */
export interface Surroundings {
  readonly storage: Storage
  readonly sharedStore: SharedStore
  readonly connection: Connection
  /** By which the store, and the endings with it, know sessions; undefined: by their ids. */
  readonly keys: StoreKeys | undefined
  readonly absoluteTimeout: AbsoluteTimeout | undefined
  readonly signedIds: SignedIds
  /** Of the session's own cookie. */
  readonly name: string
  /** Whether a proxy is believed; see `isSecure`. */
  readonly proxy: boolean | undefined
  readonly warnings: Warnings
}

/**
 * Binds sessions to the device they began on, by Device Bound Session Credentials: the option `deviceBound`.
 *
 * A browser that is offered it makes a key pair, and registers the public key. From then on it has a second cookie, the
 * bound one, which lives for minutes and is renewed only for a browser that can sign with the private key. The first ordinary
 * request that shows it pins the session to that key; after that the session cookie alone opens nothing.
 */
export class DeviceBinding {
  readonly endpoints: Endpoints
  private readonly keys = new DerivedKeys()
  private readonly boundCookies: CookieTransport

  /**
   * The pins that this process has noted, by session id. A request that began before its session was bound, and saves it
   * after that, would overwrite the pin.
   */
  private readonly pins = new BoundedMemory<Pin>(MAX_BYTES)

  constructor(
    private readonly settings: DeviceBoundSettings,
    private readonly around: Surroundings
  ) {
    const { proxy, warnings } = around
    this.endpoints = new Endpoints(settings, around, this.keys)
    this.boundCookies = new CookieTransport(settings.name, proxy, warnings)
    if (settings.lifetime < SHORT_LIFETIME) warnShortLifetime(warnings, settings.lifetime)
  }

  // From the request to the app.

  /**
   * Judges a request for a stored session.
   *
   * @returns what must be remembered with the session from now on; false if the session is bound to a device, and the
   * request does not come from there
   */
  judge(
    req: IncomingMessage,
    sid: string,
    notes: Notes | undefined,
    secrets: readonly Secret[]
  ): Notes | undefined | false {
    const now = Date.now()
    const keyIds = this.keyIdsOf(req, sid, secrets, now)
    if (keyIds.some((keyId) => isPinnedTo(notes, keyId))) return notes
    const pin = pinOf(notes, sid)
    if (pin) return isFresh(pin, now) ? notes : false

    const [keyId] = keyIds
    if (keyId === undefined) return notes
    const newPin = makePin(keyId, sid, now)
    this.pins.set(sid, newPin)
    return withPin(notes, newPin)
  }

  /** Whose keys the request has proofs of. A sibling domain can set a cookie of the same name, but not mark it. */
  private keyIdsOf(req: IncomingMessage, sid: string, secrets: readonly Secret[], now: number): string[] {
    const values = new SealedValues(this.keys, secrets)
    const keyIds = []
    for (const ticket of this.boundCookies.read(req)) {
      const keyId = values.keyIdOfTicket(ticket, sid, now)
      if (keyId !== undefined) keyIds.push(keyId)
    }
    return keyIds
  }

  /** Whether a session is bound to a device. */
  isBound(sid: string, notes: Notes | undefined): boolean {
    return pinOf(notes, sid) !== undefined
  }

  /** Why a browser has sent a request without refreshing its cookie, as it says itself. */
  skippedBy(req: IncomingMessage): string | undefined {
    const given = req.headers['secure-session-skipped']
    return /^[a-z_]{1,40}(?=\s*(;|,|$))/.exec(String(given ?? ''))?.[0]
  }

  // From the app to the store.

  /** What must be stored with a session: a pin that has been noted since the request began is not lost. */
  carry(sid: string, notes: Notes | undefined): Notes | undefined {
    const pin = this.pins.get(sid)
    return pin && !pinOf(notes, sid) ? withPin(notes, pin) : notes
  }

  /** A session has ended, or begins: its id may be used again. */
  forget(sid: unknown): void {
    if (typeof sid === 'string') this.pins.delete(sid)
  }

  // From the app to the browser.

  /**
   * Offers the browser to bind a session, unless it is bound already.
   *
   * @param session - which the store has, or gets with this response
   * @param isNew - whether the browser gets its id with this response
   */
  offer(
    req: IncomingMessage,
    res: ServerResponse,
    session: Session & SessionData,
    notes: Notes | undefined,
    isNew: boolean,
    secrets: readonly Secret[]
  ): void {
    const { settings, around } = this
    const { id, cookie } = session
    if (!isNew && !this.opensPageUnbound(req)) return
    if (cookie.partitioned || !isSecure(req, around.proxy) || this.isBound(id, notes)) return
    if (!settings.when(session, req)) return

    const challenge = new SealedValues(this.keys, secrets).makeOffer(id, Date.now())
    const registration = `(ES256 RS256);path="${settings.path}/register";challenge="${challenge}"`
    const others = res.getHeader('Secure-Session-Registration') as string | string[] | undefined
    res.setHeader(
      'Secure-Session-Registration',
      others ? ([] as string[]).concat(others, registration) : registration
    )
    new BoundCookie(settings.name, cookie).send(res, PLACEHOLDER, PLACEHOLDER_AGE)
  }

  /**
   * Has the browser forget the bound cookie, where it is told to forget the session's own.
   *
   * @param like - the session cookie, as it was set
   */
  clear(res: ServerResponse, like: Attributes): void {
    new BoundCookie(this.settings.name, like).clear(res)
  }

  /** Whether a page is opened by a browser that has no bound cookie, be it a placeholder. Scripts cannot read its headers. */
  private opensPageUnbound(req: IncomingMessage): boolean {
    return req.headers['sec-fetch-dest'] === 'document' && this.boundCookies.read(req).length === 0
  }
}

function warnShortLifetime(warnings: Warnings, lifetime: number): void {
  warnings.warnOnce(
    'EXPRESS_SESSION_DEVICE_BOUND_LIFETIME',
    `The option deviceBound.lifetime is ${lifetime} ms: browsers sign six times in nine minutes for a site, and ` +
      'visitors are logged out until they may sign again. Five minutes or more are safe'
  )
}
