import { takeApart } from '../session/notes.js'
import { find } from '../storage/storage.js'
import { debugFailure } from '../support/debug.js'
import { CookieTransport } from '../transport/cookie-transport.js'
import { BoundCookie, maxAgeFor } from './bound-cookie.js'
import { pinOf } from './pin.js'
import { isSignedBy, readProof } from './proof.js'
import { PublicKey } from './public-key.js'
import { SealedValues } from './sealed-values.js'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Found } from '../session/notes.js'
import type { DeviceBoundSettings } from '../settings.js'
import type { Secret } from '../transport/signed-ids.js'
import type { DerivedKeys } from './derived-keys.js'
import type { Surroundings } from './device-binding.js'
import type { Proof } from './proof.js'

/** Characters of an identifier: one with an RSA key of 4096 bits and the longest session id that a cookie can carry. */
const MAX_IDENTIFIER = 8192

/** One request to an endpoint, and what its answer is made with. */
interface Exchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly values: SealedValues
  readonly secrets: readonly Secret[]
}

/**
 * Answers what browsers ask by themselves: to register a key, and to refresh the bound cookie. Nothing is written to the
 * store, and nothing is used up: whatever is lost on the way may be asked again.
 *
 * Browsers end a device session for any answer that they do not expect, 401, 404 and 429 among them. So there are four only:
 * 200; 403 with a challenge, for "sign this"; 400, for what can never be right; 503, for "later".
 */
export class Endpoints {
  private readonly registerPath: string
  private readonly refreshPath: string
  private readonly sessionCookies: CookieTransport

  constructor(
    private readonly settings: DeviceBoundSettings,
    private readonly around: Surroundings,
    private readonly keys: DerivedKeys
  ) {
    this.registerPath = `${settings.path}/register`
    this.refreshPath = `${settings.path}/refresh`
    this.sessionCookies = new CookieTransport(around.name, around.proxy, around.warnings)
  }

  /**
   * Answers a request, if it is for one of the endpoints.
   *
   * @param secrets - of the app
   * @returns false if it is not
   */
  answer(req: IncomingMessage, res: ServerResponse | undefined, secrets: readonly Secret[]): boolean {
    if (req.method !== 'POST' || !res) return false
    const path = pathOf(req)
    const isRegistration = path === this.registerPath
    if (!isRegistration && path !== this.refreshPath) return false

    const exchange = { req, res, secrets, values: new SealedValues(this.keys, secrets) }
    if (isRegistration) this.register(exchange)
    else this.refresh(exchange)
    return true
  }

  /**
   * A browser takes up an offer. It may come without any cookie, when the login was reached from another site: so the
   * offer itself says which session it is for.
   */
  private register(exchange: Exchange): void {
    const { req, values } = exchange
    const proof = proofOf(req)
    const sid = proof && values.openOffer(proof.challenge, Date.now())
    const key = proof?.jwk && PublicKey.fromJwk(proof.algorithm, proof.jwk)
    if (!proof || sid === undefined || !key || !isSignedBy(key, proof) || this.isOther(sid, exchange)) {
      answerWith(exchange, 400)
      return
    }

    this.load(sid, exchange, (found) => {
      if (!found || pinOf(found.notes, sid)) answerWith(exchange, 400)
      else this.grant(exchange, found, sid, key, values.makeIdentifier({ sid, key }))
    })
  }

  /** A browser wants a new bound cookie before it sends its next request. */
  private refresh(exchange: Exchange): void {
    const { req, values } = exchange
    const identifier = identifierOf(req)
    const device = identifier === undefined ? undefined : values.openIdentifier(identifier)
    if (identifier === undefined || !device) {
      answerWith(exchange, 400)
      return
    }

    const { sid, key } = device
    this.load(sid, exchange, (found) => {
      const pin = pinOf(found?.notes, sid)
      if (!found || (pin && pin.kid !== key.id) || this.isOther(sid, exchange)) {
        answerWith(exchange, 200, { session_identifier: identifier, continue: false })
        return
      }
      const given = req.headers['secure-session-response'] !== undefined
      const proof = proofOf(req)
      const now = Date.now()
      if (given && (!proof || proof.jwk)) {
        answerWith(exchange, 400)
      } else if (!proof || !values.isChallenge(proof.challenge, identifier, now)) {
        const challenge = `"${values.makeChallenge(identifier, now)}";id="${identifier}"`
        exchange.res.setHeader('Secure-Session-Challenge', challenge)
        answerWith(exchange, 403)
      } else if (!isSignedBy(key, proof)) {
        answerWith(exchange, 400)
      } else {
        this.grant(exchange, found, sid, key, identifier)
      }
    })
  }

  /** Gives out a bound cookie, and says how to keep it fresh: options may have changed since it was last said. */
  private grant(exchange: Exchange, { data }: Found, sid: string, key: PublicKey, identifier: string): void {
    const { settings, refreshPath } = this
    const cookie = new BoundCookie(settings.name, data.cookie)
    const ticket = exchange.values.makeTicket(sid, key.id, Date.now() + settings.lifetime)
    cookie.send(exchange.res, ticket, maxAgeFor(settings.lifetime))
    answerWith(exchange, 200, {
      session_identifier: identifier,
      refresh_url: refreshPath,
      scope: {
        // Without `site`, what the browser takes for the origin: behind a proxy nobody here knows that.
        ...(settings.site === undefined
          ? { include_site: false }
          : { origin: settings.site, include_site: true }),
        scope_specification: settings.exclude.map((path) => ({ type: 'exclude', domain: '*', path }))
      },
      credentials: [{ type: 'cookie', name: settings.name, attributes: cookie.attributes }],
      allowed_refresh_initiators: settings.initiators ?? (cookie.isCrossSite ? [] : ['*'])
    })
  }

  /** Whether the request comes with the id of another session than the one it is about. */
  private isOther(sid: string, { req, secrets }: Exchange): boolean {
    for (const value of this.sessionCookies.read(req)) {
      const id = this.around.signedIds.verify(value, secrets)
      if (id) return id !== sid
    }
    return false
  }

  /** Loads a session; answers by itself when the store fails, or holds what is none. */
  private load(sid: string, exchange: Exchange, receive: (found: Found | undefined) => void): void {
    const { storage, sharedStore, connection, keys, absoluteTimeout } = this.around
    if (!connection.ready) {
      answerWith(exchange, 503)
      return
    }
    find(storage, sid, (error, stored) => {
      if (error) {
        debugFailure('error %s', error)
        answerWith(exchange, 503)
        return
      }
      try {
        const isUnsettled = sharedStore.ended.isUnsettled(keys?.of(sid) ?? sid)
        const found = stored && !isUnsettled ? takeApart(stored) : undefined
        const isOver = absoluteTimeout?.isOver(found?.notes, Date.now())
        // Where a session was renewed its old id may hold a pointer for a while, and no session.
        receive(isOver || found?.notes?.['pointer'] !== undefined ? undefined : found)
      } catch (unreadable) {
        debugFailure('error %s', unreadable)
        answerWith(exchange, 503)
      }
    })
  }
}

function proofOf(req: IncomingMessage): Proof | undefined {
  const text = req.headers['secure-session-response']
  return typeof text === 'string' ? readProof(text) : undefined
}

/** The identifier that a refresh is about: bare, or in quotes as the draft has it. Page scripts cannot set this header. */
function identifierOf(req: IncomingMessage): string | undefined {
  const text = req.headers['sec-secure-session-id']
  if (typeof text !== 'string' || text.length > MAX_IDENTIFIER) return undefined
  return /^("?)([\w-]+)\1$/.exec(text)?.[2]
}

/** The path as the client has asked for it, below whatever the app is mounted. */
function pathOf(req: IncomingMessage): string | undefined {
  const url = (req as { originalUrl?: string }).originalUrl ?? req.url
  return url?.split('?', 1)[0]
}

function answerWith({ res }: Exchange, status: number, body?: object): void {
  res.statusCode = status
  res.setHeader('Cache-Control', 'no-store')
  if (body) res.setHeader('Content-Type', 'application/json')
  res.end(body && JSON.stringify(body))
}
