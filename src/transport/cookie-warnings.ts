import type { Cookie } from '../session/cookie.js'
import type { Warnings } from '../support/warnings.js'

/** What a browser must be able to keep of one cookie (RFC 6265 section 6.1); many keep no more. */
const MAX_COOKIE_BYTES = 4096

/** Says what browsers will refuse about a cookie that has just been sent: they do so without telling anybody. */
export function warnOfRefusedCookie(warnings: Warnings, name: string, cookie: Cookie, text: string): void {
  if (!cookie.secure) {
    if (cookie.sameSite && String(cookie.sameSite).toLowerCase() === 'none') {
      warnings.warnOnce(
        'EXPRESS_SESSION_SAMESITE_NONE_WITHOUT_SECURE',
        `Browsers refuse the session cookie "${name}": SameSite=None needs Secure; set cookie.secure, or to 'auto'`
      )
    }
    if (cookie.partitioned) {
      warnings.warnOnce(
        'EXPRESS_SESSION_PARTITIONED_WITHOUT_SECURE',
        `Browsers refuse the session cookie "${name}": Partitioned needs Secure; set cookie.secure, or to 'auto'`
      )
    }
  }

  if (name.startsWith('__')) checkPrefix(warnings, name, cookie)

  // Text of ASCII, as everything in a cookie is percent-encoded: its length is its bytes.
  if (text.length > MAX_COOKIE_BYTES) {
    warnings.warnOnce(
      'EXPRESS_SESSION_COOKIE_TOO_LARGE',
      `Browsers may refuse the session cookie "${name}": it has ${text.length} bytes, more than ${MAX_COOKIE_BYTES}`
    )
  }
}

/** RFC 6265bis section 4.1.3: the prefix of a name promises attributes, and browsers hold the cookie to it. */
function checkPrefix(warnings: Warnings, name: string, cookie: Cookie): void {
  const isHost = name.startsWith('__Host-')
  if (!isHost && !name.startsWith('__Secure-')) return
  if (cookie.secure && !(isHost && (cookie.path !== '/' || cookie.domain))) return

  const needs = isHost ? 'Secure and Path=/, and no Domain' : 'Secure'
  warnings.warnOnce(
    'EXPRESS_SESSION_COOKIE_NAME_PREFIX',
    `Browsers refuse the session cookie "${name}": a cookie of that name needs ${needs}`
  )
}

/** Says that a secure cookie was not sent, because the request did not come over https as far as can be told. */
export function warnSecureOverHttp(warnings: Warnings, name: string): void {
  warnings.warnOnce(
    'EXPRESS_SESSION_SECURE_COOKIE_OVER_HTTP',
    `The session cookie "${name}" is Secure and was not sent: the request came over plain http. ` +
      `Behind a proxy that ends https, set app.set('trust proxy', 1), and have the proxy send X-Forwarded-Proto`
  )
}

/** Says that a new session cannot reach its visitor any more. */
export function warnHeadersSent(warnings: Warnings, name: string): void {
  warnings.warnOnce(
    'EXPRESS_SESSION_HEADERS_SENT',
    `The session cookie "${name}" could not be sent: the session first changed when the headers were already out. ` +
      'Write to req.session before the first byte of the response'
  )
}

/** Says that sessions will end although they are used. */
export function warnStoreWithoutTouch(warnings: Warnings): void {
  warnings.warnOnce(
    'EXPRESS_SESSION_STORE_WITHOUT_TOUCH',
    'The session store has no touch method: with resave: false and an idle timeout (cookie.maxAge), sessions that are ' +
      'only read expire although they are in use. Use a store with touch, or resave: true'
  )
}
