import { sign, unsign } from 'cookie-signature'
import { debug } from './debug.js'

/** A key that signs session ids. */
export type Secret = string | NodeJS.ArrayBufferView | ArrayBuffer | import('node:crypto').KeyObject

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
    return this.valuesById.get(id) ?? encodeURIComponent('s:' + sign(id, secrets[0] as string))
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
    for (const secret of secrets) {
      const id = unsign(decoded.slice(2), secret as string)
      if (id === false) continue
      if (this.remember) this.learn(value, decoded, id, secret === secrets[0])
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
    const { secrets: ours } = this
    // The bytes of a Buffer can change while it stays the same Buffer: nothing is remembered under such a key.
    if (ours.length === secrets.length && ours.every((key, i) => key === secrets[i] && !isBytes(key))) return
    this.forget()
    this.secrets = [...secrets]
  }

  private forget(): void {
    this.idsByValue.clear()
    this.valuesById.clear()
  }
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

function isBytes(secret: Secret): boolean {
  return ArrayBuffer.isView(secret) || secret instanceof ArrayBuffer
}
