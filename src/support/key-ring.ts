import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomFillSync } from 'node:crypto'
import { startupSnapshot } from 'node:v8'
import type { KeyObject } from 'node:crypto'

const ALGORITHM = 'aes-256-gcm'

/**
 * What each sealed text begins with, by the name that RFC 7518 gives the algorithm, and a version. Behind it, in base64url:
 *
 *     name of the key (4 bytes), nonce (12), tag (16), what has been encrypted
 */
const MARK = 'A256GCM.1.'
const NONCE_AT = 4
const TAG_AT = NONCE_AT + 12
const ENCRYPTED_AT = TAG_AT + 16

/** What is derived from a key, by HKDF: what is used for one purpose is never used for another. */
const TO_ENCRYPT = 'express-session: data at rest, A256GCM, version 1'
const TO_NAME = 'express-session: name of a key, version 1'

/** A call to the system's generator of random numbers costs the same for one nonce as for many. */
const NONCE_BYTES = TAG_AT - NONCE_AT
const NONCES_PER_CALL = 128

interface Key {
  /** Tells it from others, and nothing else. */
  readonly name: number
  readonly secret: KeyObject
}

/**
 * Seals text and opens it again: AES-256-GCM, with random nonces of 96 bits. A ring has several keys so that they can be
 * changed: the first seals, all open.
 *
 * @see NIST SP 800-38D section 8.2.2 (random nonces); RFC 5869 (HKDF)
 */
export class KeyRing {
  private readonly keys: readonly [Key, ...Key[]]
  private readonly nonces = new Nonces()

  /** @param keys - each of 32 bytes; at least one */
  constructor(keys: readonly Uint8Array[]) {
    this.keys = keys.map(keyOf) as [Key, ...Key[]]
  }

  /**
   * Seals a text.
   *
   * @param place - where it is to be kept: it can be opened there and nowhere else
   */
  seal(text: string, place: string): string {
    const [{ name, secret }] = this.keys
    const nonce = this.nonces.next()
    const cipher = createCipheriv(ALGORITHM, secret, nonce)
    cipher.setAAD(Buffer.from(place))
    const encrypted = cipher.update(text, 'utf8')
    cipher.final()

    const bytes = Buffer.allocUnsafe(ENCRYPTED_AT + encrypted.length)
    bytes.writeUInt32BE(name)
    bytes.set(nonce, NONCE_AT)
    bytes.set(cipher.getAuthTag(), TAG_AT)
    bytes.set(encrypted, ENCRYPTED_AT)
    return MARK + bytes.toString('base64url')
  }

  /**
   * Opens what has been sealed.
   *
   * @param place - where it was found
   * @returns undefined if no key opens it: it was sealed with another one, for another place, or has been changed
   */
  open(sealed: string, place: string): string | undefined {
    if (!hasMark(sealed)) return undefined
    const encoded = sealed.slice(MARK.length)
    const bytes = Buffer.from(encoded, 'base64url')
    // Buffer also reads what it would never write.
    if (bytes.length < ENCRYPTED_AT || bytes.toString('base64url') !== encoded) return undefined

    const name = bytes.readUInt32BE()
    for (const key of this.keys) {
      if (key.name !== name) continue
      const text = decrypt(bytes, key.secret, place)
      if (text !== undefined) return text
    }
    return undefined
  }
}

/** Whether a text says that it has been sealed. */
export function hasMark(text: string): boolean {
  return text.startsWith(MARK)
}

/** The same, if a character of that has been changed, or only the beginning of the text is left. */
export function hasMarkOrOnceHad(text: string): boolean {
  const length = Math.min(text.length, MARK.length)
  let others = 0
  for (let i = 0; i < length; i++) if (text[i] !== MARK[i]) others++
  return others === 0 || (others === 1 && length === MARK.length)
}

function keyOf(bytes: Uint8Array): Key {
  const derive = (info: string, length: number) => Buffer.from(hkdfSync('sha256', bytes, '', info, length))
  return { name: derive(TO_NAME, NONCE_AT).readUInt32BE(), secret: createSecretKey(derive(TO_ENCRYPT, 32)) }
}

function decrypt(bytes: Buffer, secret: KeyObject, place: string): string | undefined {
  const decipher = createDecipheriv(ALGORITHM, secret, bytes.subarray(NONCE_AT, TAG_AT))
  decipher.setAAD(Buffer.from(place))
  decipher.setAuthTag(bytes.subarray(TAG_AT, ENCRYPTED_AT))
  const text = decipher.update(bytes.subarray(ENCRYPTED_AT))
  try {
    decipher.final()
  } catch {
    return undefined
  }
  return text.toString()
}

/** Random numbers, drawn in advance; but not while Node makes a start-up snapshot: all that start from it would share them. */
class Nonces {
  private drawn = Buffer.alloc(0)
  private used = 0

  next(): Uint8Array {
    if (this.used === this.drawn.length) {
      const count = startupSnapshot.isBuildingSnapshot() ? 1 : NONCES_PER_CALL
      this.drawn = randomFillSync(Buffer.allocUnsafe(NONCE_BYTES * count))
      this.used = 0
    }
    return this.drawn.subarray(this.used, (this.used += NONCE_BYTES))
  }
}
