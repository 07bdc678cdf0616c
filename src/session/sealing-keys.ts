import { isAscii } from 'node:buffer'
import { createSecretKey, hkdfSync, randomBytes } from 'node:crypto'
import { isUint8Array } from 'node:util/types'
import { startupSnapshot } from 'node:v8'
import { KEY_BYTES, NONCE_BYTES, TAG_BYTES, decrypt, encrypt } from '../support/aes-gcm.js'
import type { KeyObject } from 'node:crypto'

/** A key as an app gives it: 32 bytes, or their text in hex or base64. */
export type EncryptionKey = string | Uint8Array

const NAME_BYTES = 4

/** A call to the system's generator of random numbers costs the same for one nonce as for many. */
const NONCES_PER_CALL = 64

const HEX = /^[\da-f]{64}$/i
const BASE64 = /^[\w+/-]{43}=?$/

/**
 * A key that seals text and opens it: AES-256-GCM with a random nonce. What is derived from the app's key is for this use
 * alone (HKDF, RFC 5869).
 */
export class SealingKey {
  /** Tells keys apart, and says nothing about them. */
  readonly name: Buffer
  private readonly key: KeyObject
  private nonces = Buffer.alloc(0)
  private noncesUsed = 0

  /** @param key - 32 bytes */
  constructor(key: Uint8Array) {
    this.name = derived(key, 'express-session encryption: name of the key', NAME_BYTES)
    this.key = createSecretKey(derived(key, 'express-session encryption: aes-256-gcm', KEY_BYTES))
  }

  /**
   * @param text - to be sealed
   * @param place - where it will stand: it opens nowhere else
   */
  seal(text: string, place: string): Buffer {
    const nonce = this.nextNonce()
    const { bytes, tag } = encrypt(this.key, nonce, text, place)
    return Buffer.concat([this.name, nonce, tag, bytes])
  }

  private nextNonce(): Buffer {
    if (this.noncesUsed === this.nonces.length) {
      // Each process that starts from a start-up snapshot would have the same ones.
      const count = startupSnapshot.isBuildingSnapshot() ? 1 : NONCES_PER_CALL
      this.nonces = randomBytes(NONCE_BYTES * count)
      this.noncesUsed = 0
    }
    return this.nonces.subarray(this.noncesUsed, (this.noncesUsed += NONCE_BYTES))
  }

  /** Whether this key may have sealed something. */
  mayOpen(sealed: Buffer): boolean {
    return sealed.length >= OVERHEAD && sealed.compare(this.name, 0, NAME_BYTES, 0, NAME_BYTES) === 0
  }

  /** @returns undefined if it was not sealed by this key, for this place */
  open(sealed: Buffer, place: string): string | undefined {
    const nonce = sealed.subarray(NAME_BYTES, NAME_BYTES + NONCE_BYTES)
    const tag = sealed.subarray(NAME_BYTES + NONCE_BYTES, OVERHEAD)
    const plain = decrypt(this.key, nonce, { bytes: sealed.subarray(OVERHEAD), tag }, place)
    return plain && textOf(plain)
  }
}

/** Node reads UTF-8 a twentieth as fast as the text that most sessions are. */
function textOf(bytes: Buffer): string {
  return bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8')
}

const OVERHEAD = NAME_BYTES + NONCE_BYTES + TAG_BYTES

function derived(key: Uint8Array, use: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', use, bytes))
}

/**
 * Reads the keys of the option `encryption`.
 *
 * @throws TypeError for what is none, in words that do not tell it
 */
export function readSealingKeys(given: unknown): SealingKey[] {
  const keys = Array.isArray(given) ? (given as unknown[]) : [given]
  if (keys.length === 0) throw new TypeError('encryption option array must contain one or more keys')
  return keys.map((key) => new SealingKey(bytesOf(key)))
}

function bytesOf(key: unknown): Uint8Array {
  if (isUint8Array(key) && key.byteLength === KEY_BYTES) return Buffer.from(key)
  if (typeof key === 'string' && HEX.test(key)) return Buffer.from(key, 'hex')
  // Node reads base64url as base64, too.
  if (typeof key === 'string' && BASE64.test(key)) return Buffer.from(key, 'base64')
  throw new TypeError(
    `encryption option must be a key of ${KEY_BYTES} bytes, as a Buffer or as text in hex or base64, not ${described(key)}`
  )
}

/** A key, even a wrong one, is not for logs. */
function described(key: unknown): string {
  if (typeof key === 'string') return `text of ${key.length} characters`
  if (ArrayBuffer.isView(key)) return `${key.byteLength} bytes`
  return key === null ? 'null' : `a value of type ${typeof key}`
}
