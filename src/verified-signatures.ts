import { unsign } from 'cookie-signature'

/** A key that signs session ids. */
export type Secret = string | NodeJS.ArrayBufferView | ArrayBuffer | import('node:crypto').KeyObject

/** How many are remembered; each takes some hundred bytes. */
const REMEMBERED = 4096

/**
 * Verifies signed values, and remembers those that verified: a visitor sends the same one with each request.
 *
 * Only valid values are remembered, so that nobody can fill the memory with others, and only under the secrets that
 * verified them: when those change, all is forgotten. To be found, a value must be the same to the last character; the
 * time that takes tells nothing about a signature, since the lookup compares seeded hashes first.
 */
export class VerifiedSignatures {
  private readonly ids = new Map<string, string>()
  private secrets: readonly Secret[] = []

  /** @param remember - false to verify each value anew */
  constructor(private readonly remember: boolean) {}

  /**
   * @param signed - a value, a dot, and the value's HMAC-SHA256 in base64 without padding
   * @param secrets - the keys; any of them may have signed
   * @returns the value, or undefined if no key has signed it
   */
  verify(signed: string, secrets: readonly Secret[]): string | undefined {
    if (!this.remember) return verify(signed, secrets)
    if (!this.areInForce(secrets)) {
      this.ids.clear()
      this.secrets = [...secrets]
    }

    let id = this.ids.get(signed)
    if (id === undefined) {
      id = verify(signed, secrets)
      if (id !== undefined) {
        if (this.ids.size === REMEMBERED) this.ids.clear()
        this.ids.set(signed, id)
      }
    }
    return id
  }

  /** Whether these are the secrets that all values remembered were verified with. */
  private areInForce(secrets: readonly Secret[]): boolean {
    if (secrets.length !== this.secrets.length) return false
    // Bytes can change within the same Buffer: under such keys nothing is remembered for long.
    return this.secrets.every((secret, i) => secret === secrets[i] && !ArrayBuffer.isView(secret))
  }
}

function verify(signed: string, secrets: readonly Secret[]): string | undefined {
  for (const secret of secrets) {
    const id = unsign(signed, secret as string)
    if (id !== false) return id
  }
  return undefined
}
