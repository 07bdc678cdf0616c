import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import { KEY_BYTES, NONCE_BYTES, TAG_BYTES, decrypt, encrypt } from '../support/aes-gcm.js'
import type { Secret } from '../transport/signed-ids.js'

/** What keeps these keys apart from all others that an app may derive from its secrets. */
const INFO = 'express-session device-bound'

/** Salt of a sealed value: 128 bits, each message with a separate key, so that no nonce is ever used twice. */
const SALT_LENGTH = 16

/** How many secrets' keys are kept: more than any rotation needs. */
const MAX_KEPT = 16

/** The keys that are made of one secret. */
interface Keys {
  readonly seal: Buffer
  readonly mark: Buffer
}

/**
 * Seals and marks texts under keys derived from the app's secrets: the first makes, all open, as with signed ids. A
 * sealed text is hidden and cannot be changed; a marked one cannot be changed.
 */
export class DerivedKeys {
  private readonly kept = new Map<Secret, Keys>()

  /**
   * Seals bytes: AES-256-GCM, under a key of this message alone.
   *
   * @param purpose - what has been sealed for one is not opened for another
   */
  seal(purpose: string, bytes: Buffer, secrets: readonly Secret[]): string {
    const salt = randomBytes(SALT_LENGTH)
    const { key, nonce } = messageKey(this.keysOf(secrets[0] as Secret), salt)
    const sealed = encrypt(key, nonce, bytes, purpose)
    return Buffer.concat([salt, sealed.bytes, sealed.tag]).toString('base64url')
  }

  /** @returns undefined if no secret opens it */
  open(purpose: string, text: string, secrets: readonly Secret[]): Buffer | undefined {
    const bytes = Buffer.from(text, 'base64url')
    // One text for one value: base64url has several, of which the decoder takes all.
    if (bytes.length < SALT_LENGTH + TAG_BYTES || bytes.toString('base64url') !== text) return undefined
    for (const secret of secrets) {
      const opened = this.openWith(secret, purpose, bytes)
      if (opened) return opened
    }
    return undefined
  }

  private openWith(secret: Secret, purpose: string, bytes: Buffer): Buffer | undefined {
    const { key, nonce } = messageKey(this.keysOf(secret), bytes.subarray(0, SALT_LENGTH))
    const sealed = { bytes: bytes.subarray(SALT_LENGTH, -TAG_BYTES), tag: bytes.subarray(-TAG_BYTES) }
    return decrypt(key, nonce, sealed, purpose)
  }

  /** Marks a text: HMAC-SHA-256. */
  mark(text: string, secrets: readonly Secret[]): string {
    return this.markOf(text, secrets[0] as Secret)
  }

  /** Whether one of the secrets has made a mark; in the same time, whatever it says. */
  isMark(mark: string, text: string, secrets: readonly Secret[]): boolean {
    const given = Buffer.from(mark)
    return secrets.some((secret) => {
      const right = Buffer.from(this.markOf(text, secret))
      return given.length === right.length && timingSafeEqual(given, right)
    })
  }

  private markOf(text: string, secret: Secret): string {
    return createHmac('sha256', this.keysOf(secret).mark).update(text).digest('base64url')
  }

  private keysOf(secret: Secret): Keys {
    const known = this.kept.get(secret)
    if (known) return known

    const bytes = Buffer.from(hkdfSync('sha256', secret as string, '', INFO, 2 * KEY_BYTES))
    const keys = { seal: bytes.subarray(0, KEY_BYTES), mark: bytes.subarray(KEY_BYTES) }
    // The bytes of a Buffer can change while it stays the same Buffer.
    const isLasting = typeof secret === 'string' || 'type' in secret
    if (isLasting && this.kept.size === MAX_KEPT) this.kept.clear()
    if (isLasting) this.kept.set(secret, keys)
    return keys
  }
}

function messageKey({ seal }: Keys, salt: Buffer): { key: Buffer; nonce: Buffer } {
  const bytes = createHmac('sha512', seal).update(salt).digest()
  return { key: bytes.subarray(0, KEY_BYTES), nonce: bytes.subarray(KEY_BYTES, KEY_BYTES + NONCE_BYTES) }
}
