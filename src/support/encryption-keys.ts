import { isUint8Array } from 'node:util/types'

/** A key of 32 bytes: a Buffer or Uint8Array, or text of 64 hex or of 43 or 44 base64 (or base64url) characters. */
export type EncryptionKey = string | Uint8Array

const BYTES = 32

const HEX = /^[0-9a-f]{64}$/i

/** Without padding, or with: 32 bytes need one `=`. */
const BASE64 = /^[A-Za-z0-9+/_-]{43}=?$/

const EXPECTED =
  'a key of 32 bytes (a Buffer, or text of 64 hex or of 43 or 44 base64 characters), or an array of such keys'

/**
 * Reads the option `encryption`.
 *
 * @param given - a key, or keys
 * @returns the bytes of each
 * @throws TypeError when one is no key. What was given is described, and never shown: it may be a key with a slip in it
 */
export function readKeys(given: unknown): Uint8Array[] {
  if (!Array.isArray(given)) return [readKey(given, '')]
  if (given.length === 0) throw new TypeError(`encryption option must be ${EXPECTED}, not an empty array`)
  return given.map((key: unknown, index) => readKey(key, `[${String(index)}]`))
}

function readKey(given: unknown, place: string): Uint8Array {
  if (isUint8Array(given) && given.length === BYTES) return given
  if (typeof given === 'string') {
    if (HEX.test(given)) return Buffer.from(given, 'hex')
    // Buffer reads both alphabets.
    if (BASE64.test(given)) return Buffer.from(given, 'base64')
  }
  throw new TypeError(`encryption${place} option must be ${EXPECTED}, not ${describe(given)}`)
}

function describe(given: unknown): string {
  if (given === null) return 'null'
  if (isUint8Array(given)) return `bytes of length ${String(given.length)}`
  if (typeof given === 'string') return `text of length ${String(given.length)}`
  return `a value of type ${typeof given}`
}
