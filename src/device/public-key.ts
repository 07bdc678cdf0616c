import { createHash, createPublicKey, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** What a browser may sign with: ECDSA on P-256, or RSASSA-PKCS1-v1_5, both with SHA-256. There is no `none`. */
export type Algorithm = 'ES256' | 'RS256'

/** Bytes of a coordinate of a point on P-256 (RFC 7518 section 6.2.1.2). */
const COORDINATE = 32

/**
 * Bytes of an RSA modulus: 2048 bits at least, as RFC 7518 section 3.3 demands; 4096 at most, for larger ones only cost
 * time, and no TPM makes them.
 */
const SMALLEST_MODULUS = 256
const LARGEST_MODULUS = 512

/** 65537, in base64url: the exponent that all TPMs use. Small ones, such as 3, have a history of forgeries. */
const EXPONENT = 'AQAB'

/** What only private keys have (RFC 7518 sections 6.2.2, 6.3.2 and 6.4). A key that has been told to others proves nothing. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** Characters of a key's id: 128 bits, so that nobody finds a second key with the id of the first. */
const ID_LENGTH = 22

/** The public key of a device, as a few bytes: its coordinates, or its modulus. */
export class PublicKey {
  private constructor(
    readonly algorithm: Algorithm,
    readonly bytes: Buffer,
    private readonly key: KeyObject
  ) {}

  /**
   * Reads the key that a browser sends along when it registers.
   *
   * @param jwk - see RFC 7517; what is not needed is not looked at
   * @returns undefined if it is no such key, or not the public part alone
   */
  static fromJwk(algorithm: Algorithm, jwk: Record<string, unknown>): PublicKey | undefined {
    if (PRIVATE_MEMBERS.some((member) => member in jwk)) return undefined
    if (algorithm === 'RS256') {
      if (jwk['kty'] !== 'RSA' || jwk['e'] !== EXPONENT) return undefined
      return PublicKey.fromBytes('RS256', bytesOf(jwk['n']))
    }
    const x = bytesOf(jwk['x'])
    const y = bytesOf(jwk['y'])
    if (jwk['kty'] !== 'EC' || jwk['crv'] !== 'P-256' || x?.length !== COORDINATE || !y) return undefined
    return PublicKey.fromBytes('ES256', Buffer.concat([x, y]))
  }

  /** @returns undefined if that is no key: a point beside the curve, a modulus too short or too long */
  static fromBytes(algorithm: Algorithm, bytes: Buffer | undefined): PublicKey | undefined {
    const jwk = bytes && (algorithm === 'ES256' ? curvePoint(bytes) : modulus(bytes))
    if (!jwk) return undefined
    try {
      return new PublicKey(algorithm, bytes, createPublicKey({ key: jwk, format: 'jwk' }))
    } catch {
      return undefined
    }
  }

  /** Names the key. */
  get id(): string {
    const hash = createHash('sha256').update(this.algorithm).update(this.bytes)
    return hash.digest('base64url').slice(0, ID_LENGTH)
  }

  /** Whether the owner of the key has signed something. */
  hasSigned(data: string, signature: Buffer): boolean {
    try {
      return verify('sha256', Buffer.from(data), { key: this.key, dsaEncoding: 'ieee-p1363' }, signature)
    } catch {
      return false
    }
  }
}

function curvePoint(bytes: Buffer): Record<string, string> | undefined {
  if (bytes.length !== 2 * COORDINATE) return undefined
  const x = bytes.toString('base64url', 0, COORDINATE)
  const y = bytes.toString('base64url', COORDINATE)
  return { kty: 'EC', crv: 'P-256', x, y }
}

function modulus(bytes: Buffer): Record<string, string> | undefined {
  const isLongEnough = bytes.length >= SMALLEST_MODULUS && bytes.length <= LARGEST_MODULUS
  // A first byte below 128 says that the number is shorter than it seems.
  if (!isLongEnough || (bytes[0] as number) < 0x80) return undefined
  return { kty: 'RSA', n: bytes.toString('base64url'), e: EXPONENT }
}

function bytesOf(value: unknown): Buffer | undefined {
  return typeof value === 'string' && /^[\w-]+$/.test(value) ? Buffer.from(value, 'base64url') : undefined
}
