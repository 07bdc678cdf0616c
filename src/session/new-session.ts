import { silence } from '../support/at-once.js'
import { isSecure } from '../support/secure-connection.js'
import { Cookie } from './cookie.js'
import { Session } from './session.js'
import type { IncomingMessage } from 'node:http'
import type { GivenCookieOptions } from './cookie.js'
import type { Warnings } from '../support/warnings.js'
import type { SessionRequest } from './session.js'

/** What a middleware's new sessions have in common. */
interface Making {
  readonly genid: (req: IncomingMessage) => string
  /** Whether a proxy is believed; see `isSecure`. */
  readonly proxy: boolean | undefined
}

/**
 * Gives a request an empty session with a new id.
 *
 * @param req - the request, whose `sessionID` and `session` are set
 * @param making - how ids are made, and whether a proxy is believed
 * @param options - the cookie's attributes; `'auto'` becomes what fits this request's connection
 * @param warnings - hears of a `genid` that makes no text
 * @throws whatever the app's `genid` throws, and TypeError for a wrong cookie option; the request is unchanged then
 */
export function generateSession(
  req: SessionRequest,
  { genid, proxy }: Making,
  options: GivenCookieOptions,
  warnings: Warnings
): void {
  const message = req as IncomingMessage
  const cookie = new Cookie(options)
  if (options.secure === 'auto') cookie.secure = isSecure(message, proxy)
  if (options.sameSite === 'auto') {
    cookie.sameSite = isSecure(message, proxy) ? 'none' : 'lax'
  }

  const id: unknown = genid(message)
  if (typeof id !== 'string') warnIdIsNotText(warnings, id)
  req.sessionID = id
  const session = new Session(req)
  session.cookie = cookie
  req.session = session
}

/** Such a session is neither stored nor sent. */
function warnIdIsNotText(warnings: Warnings, id: unknown): void {
  silence(id)
  warnings.warnOnce(
    'EXPRESS_SESSION_ID_NOT_TEXT',
    `The genid option gave a session id of type ${typeof id}, and not text: its session is neither stored nor sent`
  )
}
