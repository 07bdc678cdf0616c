import uid = require('uid-safe')
import { startupSnapshot } from 'node:v8'

/** Bytes of an id: 192 bits, far beyond the 64 that OWASP asks for. */
const BYTES = 24

/** Base64url takes four characters for three bytes: an id ends on a whole character, with no padding. */
const LENGTH = (BYTES / 3) * 4

/** A call to the system's generator of random numbers costs the same for one id as for many. */
const IDS_PER_CALL = 128

/**
 * Makes a generator of session ids: each is what `uid-safe` makes of 24 random bytes, 32 characters of base64url.
 *
 * Ids are drawn in advance, except while Node makes a start-up snapshot: every process that starts from it would have the
 * same ones.
 */
export function sessionIdGenerator(): () => string {
  let drawn = ''
  let used = 0

  return function generateSessionId() {
    if (used === drawn.length) {
      drawn = uid.sync(BYTES * (startupSnapshot.isBuildingSnapshot() ? 1 : IDS_PER_CALL))
      used = 0
    }
    return drawn.slice(used, (used += LENGTH))
  }
}
