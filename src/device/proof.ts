import type { Algorithm, PublicKey } from './public-key.js'

/**
 * Characters of a proof. One with an RSA key of 4096 bits and a long challenge has some three thousand; more is not read,
 * for it would be parsed before anybody knows who sends it.
 */
const MAX_LENGTH = 8192

/** What a browser signs to show that it holds a key: a JWT, made for the challenge of this server. */
export interface Proof {
  readonly algorithm: Algorithm
  /** What was to be signed. */
  readonly challenge: string
  /** The public key, where the proof brings it along. */
  readonly jwk: Record<string, unknown> | undefined
  readonly signed: string
  readonly signature: Buffer
}

/**
 * Reads the header `Secure-Session-Response`.
 *
 *     header  = { "alg": "ES256" / "RS256", "typ": "dbsc+jwt", "jwk": only when registering }
 *     payload = { "jti": challenge }
 *
 * Claims beyond that are not looked at: browsers may add some, and must not be turned away for it.
 *
 * @param text - the JWT in its compact form (RFC 7515 section 7.1), bare as browsers send it, or in quotes as the draft has it
 * @returns undefined if it is no such thing
 */
export function readProof(text: string): Proof | undefined {
  if (text.length > MAX_LENGTH) return undefined
  const [, , head = '', body = '', tail = ''] = /^("?)([\w-]+)\.([\w-]+)\.([\w-]+)\1$/.exec(text) ?? []

  const header = jsonOf(head)
  const { alg, typ, jwk } = header ?? {}
  // An extension that must be understood is not (RFC 7515 section 4.1.11).
  if (!header || typ !== 'dbsc+jwt' || 'crit' in header) return undefined
  if (alg !== 'ES256' && alg !== 'RS256') return undefined
  if (jwk !== undefined && !isObject(jwk)) return undefined

  const challenge = jsonOf(body)?.['jti']
  if (typeof challenge !== 'string') return undefined
  const signature = Buffer.from(tail, 'base64url')
  // Several texts decode to the same bytes: one of them is the signature.
  if (signature.toString('base64url') !== tail) return undefined
  return { algorithm: alg, challenge, jwk, signed: `${head}.${body}`, signature }
}

/** Whether a proof was signed with a key. */
export function isSignedBy(key: PublicKey, { algorithm, signed, signature }: Proof): boolean {
  return algorithm === key.algorithm && key.hasSigned(signed, signature)
}

function jsonOf(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
