import { PublicKey } from './public-key.js'
import type { Secret } from '../transport/signed-ids.js'
import type { DerivedKeys } from './derived-keys.js'

/**
 * How long an offer may be taken up, in milliseconds. A browser does so at once, once its TPM has made a key: within a
 * second, as a rule. Five minutes are for machines that go to sleep meanwhile.
 */
const OFFER_LIFETIME = 5 * 60_000

/**
 * How long a challenge may be answered, in milliseconds. Browsers answer within a second. A challenge that was answered in
 * advance is of use to a thief for that long, so not longer than a slow TPM and a slow line take together.
 */
const CHALLENGE_LIFETIME = 2 * 60_000

/** By how much the clocks of two servers may differ, in milliseconds: what NTP lost for a day can make. */
export const CLOCK_SKEW = 30_000

/** A device and the session that it has registered for: what the identifier of a device session says. */
export interface DeviceSession {
  readonly sid: string
  readonly key: PublicKey
}

/**
 * The four small values that the protocol is made of. Each says all that a server must know to judge it, so none is stored,
 * and any process with the same secrets can do so.
 */
export class SealedValues {
  /**
   * @param keys - derived from secrets
   * @param secrets - of the app: the first makes, all open
   */
  constructor(
    private readonly keys: DerivedKeys,
    private readonly secrets: readonly Secret[]
  ) {}

  // The offer: the challenge of the registration header. It says which session, for the browser may ask without cookies.

  makeOffer(sid: string, now: number): string {
    const at = Buffer.alloc(8)
    at.writeDoubleBE(now)
    return this.keys.seal('offer', Buffer.concat([at, Buffer.from(sid)]), this.secrets)
  }

  /** @returns the session id; undefined if it is no offer, or too old */
  openOffer(offer: string, now: number): string | undefined {
    const bytes = this.keys.open('offer', offer, this.secrets)
    if (!bytes || !isYoung(bytes.readDoubleBE(0), now, OFFER_LIFETIME)) return undefined
    return bytes.toString('utf8', 8)
  }

  // The identifier of a device session. It is the device session: nothing else is kept of it.

  makeIdentifier({ sid, key }: DeviceSession): string {
    const head = Buffer.from([
      key.algorithm === 'ES256' ? 0 : 1,
      key.bytes.length >> 8,
      key.bytes.length & 0xff
    ])
    return this.keys.seal('identifier', Buffer.concat([head, key.bytes, Buffer.from(sid)]), this.secrets)
  }

  openIdentifier(identifier: string): DeviceSession | undefined {
    const bytes = this.keys.open('identifier', identifier, this.secrets)
    if (!bytes) return undefined
    const end = 3 + bytes.readUInt16BE(1)
    const key = PublicKey.fromBytes(bytes[0] === 0 ? 'ES256' : 'RS256', bytes.subarray(3, end))
    return key && { sid: bytes.toString('utf8', end), key }
  }

  // The challenge of a refresh. It is good for one identifier.

  makeChallenge(identifier: string, now: number): string {
    return `${now}.${this.keys.mark(challengeText(identifier, now), this.secrets)}`
  }

  isChallenge(challenge: string, identifier: string, now: number): boolean {
    const [at = 0, mark = ''] = numberAndMark(challenge)
    return (
      isYoung(at, now, CHALLENGE_LIFETIME) &&
      this.keys.isMark(mark, challengeText(identifier, at), this.secrets)
    )
  }

  // The ticket: the value of the bound cookie.

  /** @param end - when it ends, in milliseconds */
  makeTicket(sid: string, keyId: string, end: number): string {
    return `${keyId}.${end}.${this.keys.mark(ticketText(sid, keyId, end), this.secrets)}`
  }

  /** @returns the id of the key that it was given for; undefined if it is no ticket of this session, or its time is over */
  keyIdOfTicket(ticket: string, sid: string, now: number): string | undefined {
    const dot = ticket.indexOf('.')
    const keyId = ticket.slice(0, dot)
    const [end = 0, mark = ''] = numberAndMark(ticket.slice(dot + 1))
    if (dot < 1 || !(end > now)) return undefined
    return this.keys.isMark(mark, ticketText(sid, keyId, end), this.secrets) ? keyId : undefined
  }
}

/** With the purpose first and what may hold any character last, no two of these are the same text. */
function challengeText(identifier: string, at: number): string {
  return `challenge.${at}.${identifier}`
}

function ticketText(sid: string, keyId: string, end: number): string {
  return `ticket.${keyId}.${end}.${sid}`
}

/** `1234567890.mark`; written as it was given, so that nothing else is taken for the same. */
function numberAndMark(text: string): [number, string] | [] {
  const [, number = '', mark = ''] = /^([1-9]\d{0,14})\.([\w-]{43})$/.exec(text) ?? []
  return mark ? [Number(number), mark] : []
}

function isYoung(at: number, now: number, lifetime: number): boolean {
  return at - CLOCK_SKEW <= now && now - at <= lifetime
}
