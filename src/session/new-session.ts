import { isSecure } from '../transport/secure-connection.js'
import { Cookie } from './cookie.js'
import { Session } from './session.js'
import type { IncomingMessage } from 'node:http'
import type { GivenCookieOptions } from './cookie.js'
import type { Settings } from '../options.js'
import type { Warnings } from '../support/warnings.js'
import type { SessionRequest } from './session.js'

/**
 * Gives a request an empty session with a new id.
 *
 * @param req - the request, whose `sessionID` and `session` are set
 * @param settings - of the middleware: how ids are made, and whether a proxy is believed
 * @param options - the cookie's attributes; `'auto'` becomes what fits this request's connection
 * @param warnings - hears of a `genid` that makes no text
 * @throws whatever the app's `genid` throws, and TypeError for a wrong cookie option; the request is unchanged then
 */
export function generateSession(
  req: SessionRequest,
  settings: Settings,
  options: GivenCookieOptions,
  warnings: Warnings
): void {
  const message = req as IncomingMessage
  const cookie = new Cookie(options)
  if (options.secure === 'auto') cookie.secure = isSecure(message, settings.proxy)
  if (options.sameSite === 'auto') {
    cookie.sameSite = isSecure(message, settings.proxy) ? 'none' : 'lax'
  }

  const id: unknown = settings.genid(message)
  if (typeof id !== 'string') warnIdIsNotText(warnings, id)
  req.sessionID = id
  const session = new Session(req)
  session.cookie = cookie
  req.session = session
}

/** The cookie's attributes for a request: an app may decide on them anew each time. */
export function cookieOptionsFor(req: SessionRequest, settings: Settings): GivenCookieOptions {
  const { cookie } = settings
  return typeof cookie === 'function' ? cookie(req as IncomingMessage) || {} : cookie
}

/** Such a session is neither stored nor sent. */
function warnIdIsNotText(warnings: Warnings, id: unknown): void {
  warnings.warnOnce(
    'EXPRESS_SESSION_ID_NOT_TEXT',
    `The genid option gave a session id of type ${typeof id}, and not text: its session is neither stored nor sent`
  )
}
