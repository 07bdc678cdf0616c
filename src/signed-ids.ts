import { sign, unsign } from 'cookie-signature'
import createDebug = require('debug')

const debug = createDebug('express-session')

/** A key that signs session ids. */
export type Secret = string | NodeJS.ArrayBufferView | ArrayBuffer | import('node:crypto').KeyObject

/** How many values are remembered; each takes some hundred bytes. */
const REMEMBERED = 4096

/**
 * Signs session ids for the cookie, and verifies what cookies bring: `s:` + session id + `.` + base64 of its HMAC-SHA256
 * without the padding, percent-encoded.
 *
 * Remembers the values it has signed and verified, since a visitor sends the same one with each request. Nobody can fill the
 * memory with others, for only valid values get there; and when the secrets change all is forgotten. A value is found
 * only if it is the same to the last character, and the time that takes tells nothing about a signature: seeded hashes
 * are compared first.
 */
export class SignedIds {
  private readonly ids = new Map<string, string>()
  private readonly values = new Map<string, string>()
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
    return this.recall(this.values, id, () =>
      encodeURIComponent('s:' + sign(id, secrets[0] as string))
    ) as string
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
    return this.recall(this.ids, value, () => verify(decode(value), secrets))
  }

  private recall(
    memory: Map<string, string>,
    key: string,
    make: () => string | undefined
  ): string | undefined {
    if (!this.remember) return make()

    let made = memory.get(key)
    if (made === undefined) {
      made = make()
      if (made === undefined) return undefined
      if (memory.size === REMEMBERED) memory.clear()
      memory.set(key, made)
    }
    return made
  }

  private forgetOtherSecrets(secrets: readonly Secret[]): void {
    const { secrets: ours } = this
    // The bytes of a Buffer can change while it stays the same Buffer: nothing is remembered under such a key.
    if (ours.length === secrets.length && ours.every((key, i) => key === secrets[i] && !isBytes(key))) return
    this.ids.clear()
    this.values.clear()
    this.secrets = [...secrets]
  }
}

function verify(value: string, secrets: readonly Secret[]): string | undefined {
  if (!value.startsWith('s:')) {
    debug('cookie unsigned')
    return undefined
  }
  const signed = value.slice(2)
  for (const secret of secrets) {
    const id = unsign(signed, secret as string)
    if (id !== false) return id
  }
  debug('cookie signature invalid')
  return undefined
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
