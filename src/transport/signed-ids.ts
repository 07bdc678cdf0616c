import { sign, unsign } from 'cookie-signature'
import { debug } from '../support/debug.js'
import { RememberedIds } from './remembered-ids.js'

/** A key that signs session ids. */
export type Secret = string | NodeJS.ArrayBufferView | ArrayBuffer | import('node:crypto').KeyObject

/** What a signed id begins with. */
const PREFIX = 's:'

/**
 * Signs session ids for their travel to the client, and verifies what comes back: `s:` + session id + `.` + base64 of its
 * HMAC-SHA256 without the padding.
 */
export class SignedIds {
  private readonly remembered: RememberedIds | undefined

  /** @param remember - false to sign and verify anew each time */
  constructor(remember: boolean) {
    this.remembered = remember ? new RememberedIds() : undefined
  }

  /**
   * @param id - the session id
   * @param secrets - the keys; the first signs
   */
  sign(id: string, secrets: readonly Secret[]): string {
    return this.remembered?.valueOf(id, secrets) ?? PREFIX + sign(id, secrets[0] as string)
  }

  /**
   * @param value - what came back, percent-encoded or not
   * @param secrets - the keys; any of them may have signed
   * @returns the session id, or undefined if none has
   */
  verify(value: string, secrets: readonly Secret[]): string | undefined {
    const known = this.remembered?.idOf(value, secrets)
    if (known !== undefined) return known

    const signed = decode(value)
    if (!signed.startsWith(PREFIX)) {
      if (signed) debug('cookie unsigned')
      return undefined
    }
    for (const secret of secrets) {
      const id = unsign(signed.slice(PREFIX.length), secret as string)
      if (id === false) continue
      this.remembered?.remember(value, id, secret === secrets[0] ? signed : undefined)
      return id
    }
    debug('cookie signature invalid')
    return undefined
  }

  /**
   * Whether the first secret has signed a value.
   *
   * @param value - one that has verified
   * @param id - that it has brought
   */
  isSignedByFirst(value: string, id: string, secrets: readonly Secret[]): boolean {
    return decode(value) === this.sign(id, secrets)
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
