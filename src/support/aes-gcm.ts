import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { CipherKey } from 'node:crypto'

const CIPHER = 'aes-256-gcm'

export const KEY_BYTES = 32
/** As NIST SP 800-38D recommends in section 8.2. */
export const NONCE_BYTES = 12
/** The tag shows that nothing was changed. */
export const TAG_BYTES = 16

/** The sealed bytes, and their tag. */
interface Sealed {
  readonly bytes: Buffer
  readonly tag: Buffer
}

/**
 * Seals by AES-256-GCM.
 *
 * @param nonce - never used twice with the key
 * @param context - opens with the very same only
 */
export function encrypt(key: CipherKey, nonce: Uint8Array, plain: string | Uint8Array, context = ''): Sealed {
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
  if (context) cipher.setAAD(Buffer.from(context))
  // GCM gives all of it at once: the end only makes the tag.
  const bytes = typeof plain === 'string' ? cipher.update(plain, 'utf8') : cipher.update(plain)
  cipher.final()
  return { bytes, tag: cipher.getAuthTag() }
}

/** @returns undefined if it was not sealed so: by another key, in another context, or if something was changed */
export function decrypt(
  key: CipherKey,
  nonce: Uint8Array,
  { bytes, tag }: Sealed,
  context = ''
): Buffer | undefined {
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
  if (context) decipher.setAAD(Buffer.from(context))
  decipher.setAuthTag(tag)
  try {
    const plain = decipher.update(bytes)
    decipher.final()
    return plain
  } catch {
    return undefined
  }
}
