import { timingSafeEqual } from 'node:crypto'
import { sign } from 'cookie-signature'
import { debug } from './debug.js'
import { Hmac, canHashAtOnce } from './hmac.js'

/** A key that signs session ids. */
export type Secret = string | NodeJS.ArrayBufferView | ArrayBuffer | import('node:crypto').KeyObject

/** What has nothing to encode, as ids have unless the app makes its own. */
const PLAIN = /^[\w-]*$/

/** How many values are remembered; each takes some hundred bytes. */
const REMEMBERED = 4096

/**
 * Signs session ids for the cookie, and verifies what cookies bring: `s:` + session id + `.` + base64 of its HMAC-SHA256
 * without the padding, percent-encoded.
 *
 * Remembers the values that have verified, since a visitor sends the same one with each request. Nobody can fill the memory
 * with others, for only valid values get there; and when the secrets change all is forgotten. A value is found only if it
 * is the same to the last character, and the time that takes tells nothing about a signature: seeded hashes are
 * compared first.
 */
export class SignedIds {
  private readonly idsByValue = new Map<string, string>()
  /** Of these, those that the first secret has signed: what signing the id would give. */
  private readonly valuesById = new Map<string, string>()
  private secrets: readonly Secret[] = []
  /** Whether they are the same as long as they are the same objects. */
  private lasting = true
  /** One for each secret. */
  private signers: readonly Signer[] = []

  /** @param remember - false to sign and verify anew each time */
  constructor(private readonly remember: boolean) {}

  /**
   * Makes a cookie's value.
   *
   * @param id - the session id
   * @param secrets - the keys; the first signs
   */
  sign(id: string, secrets: readonly Secret[]): string {
    this.forgetOtherSecrets(secrets)
    const known = this.valuesById.get(id)
    if (known !== undefined) return known

    const signature = (this.signers[0] ?? signerOf(secrets[0] as Secret))(id)
    return `s%3A${PLAIN.test(id) ? id : encodeURIComponent(id)}.${encodeURIComponent(signature)}`
  }

  /**
   * Verifies a cookie's value.
   *
   * @param value - percent-encoded or not
   * @param secrets - the keys; any of them may have signed
   * @returns the session id, or undefined if none has
   */
  verify(value: string, secrets: readonly Secret[]): string | undefined {
    this.forgetOtherSecrets(secrets)
    const known = this.idsByValue.get(value)
    if (known !== undefined) return known

    const decoded = decode(value)
    if (!decoded.startsWith('s:')) {
      debug('cookie unsigned')
      return undefined
    }
    const dot = decoded.lastIndexOf('.')
    const id = decoded.slice('s:'.length, dot)
    const signature = decoded.slice(dot + 1)
    for (const signer of this.signers) {
      if (!areEqual(signature, signer(id))) continue
      if (this.remember) this.learn(value, decoded, id, signer === this.signers[0])
      return id
    }
    debug('cookie signature invalid')
    return undefined
  }

  private learn(value: string, decoded: string, id: string, byFirst: boolean): void {
    // A copy: the value itself is a part of the request's header, all of which would be kept with it.
    const copy = encodeURIComponent(decoded)
    if (copy !== value) return

    if (this.idsByValue.size === REMEMBERED) this.forget()
    this.idsByValue.set(copy, id)
    if (byFirst) this.valuesById.set(id, copy)
  }

  private forgetOtherSecrets(secrets: readonly Secret[]): void {
    if (this.lasting && haveSameElements(this.secrets, secrets)) return
    this.forget()
    this.secrets = [...secrets]
    this.signers = this.secrets.map(signerOf)
    // The bytes of a Buffer can change while it stays the same Buffer: nothing is remembered under such a key.
    this.lasting = !secrets.some(isBytes)
  }

  private forget(): void {
    this.idsByValue.clear()
    this.valuesById.clear()
  }
}

/** Gives the signature of a session id: base64 of its HMAC-SHA256 without the padding. */
type Signer = (id: string) => string

function signerOf(secret: Secret): Signer {
  if (typeof secret !== 'string' || !canHashAtOnce) {
    return (id) => sign(id, secret as string).slice(id.length + '.'.length)
  }
  const hmac = new Hmac(secret)
  return (id) => hmac.base64(id).slice(0, -'='.length)
}

/** Characters of a signature: base64 of 32 bytes, without the padding. */
const SIGNATURE_LENGTH = 43

const presented = Buffer.alloc(SIGNATURE_LENGTH)
const expected = Buffer.alloc(SIGNATURE_LENGTH)

/**
 * Compares signatures in a time that does not tell where they differ.
 *
 * @param some - as presented: whatever the client has sent
 * @param ours - the right one
 */
function areEqual(some: string, ours: string): boolean {
  // A text of this length with other characters than ASCII has more bytes, and is not written whole.
  if (some.length !== SIGNATURE_LENGTH || presented.write(some) !== SIGNATURE_LENGTH) return false
  expected.write(ours)
  return timingSafeEqual(presented, expected)
}

/** Percent-decodes what can be decoded. */
function decode(value: string): string {
  if (!value.includes('%')) return value
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

function haveSameElements(some: readonly unknown[], others: readonly unknown[]): boolean {
  if (some.length !== others.length) return false
  for (let i = 0; i < some.length; i++) if (some[i] !== others[i]) return false
  return true
}

function isBytes(secret: Secret): boolean {
  return ArrayBuffer.isView(secret) || secret instanceof ArrayBuffer
}
