import uid = require('uid-safe')

/** Bytes of an id: 192 bits, far beyond the 64 that OWASP asks for. */
const BYTES = 24

/** Base64url takes four characters for three bytes: an id ends on a whole character, with no padding. */
const LENGTH = (BYTES / 3) * 4

/** A call to the system's generator of random numbers costs the same for one id as for many. */
const IDS_PER_CALL = 128

let pool = ''
let used = 0

/** A new session id: what `uid-safe` makes of 24 random bytes, 32 characters of base64url. */
export function generateSessionId(): string {
  if (used === pool.length) {
    pool = uid.sync(BYTES * IDS_PER_CALL)
    used = 0
  }
  return pool.slice(used, (used += LENGTH))
}
