import depd = require('depd')
import type { IncomingMessage } from 'node:http'
import type { Secret, SignedIds } from './signed-ids.js'
import type { Transport } from './transport.js'

const deprecate = depd('express-session')

/** What `cookieParser()` leaves on a request. */
interface ParsedCookies {
  cookies?: Record<string, unknown> | null
  signedCookies?: Record<string, unknown> | null
}

/**
 * The session id that a request presents.
 *
 * @param req - the request; what `cookieParser()` has left on it is looked at last
 * @param transport - brings the signed ids
 * @param signedIds - verifies the signature
 * @param secrets - the keys; any of them may have signed
 * @param onVerified - hears the signed value in which it was found, where that is known
 * @returns undefined if it presents none, and false if none of what it presents has a valid signature
 */
export function presentedId(
  req: IncomingMessage & ParsedCookies,
  transport: Transport,
  signedIds: SignedIds,
  secrets: readonly Secret[],
  onVerified?: (value: string) => void
): string | false | undefined {
  let isForged = false
  for (const value of transport.read(req)) {
    const id = signedIds.verify(value, secrets)
    if (id) {
      onVerified?.(value)
      return id
    }
    if (value) isForged = true
  }

  const { cookieName: name } = transport
  const { signedCookies, cookies } = req
  if (name === undefined || (!signedCookies && !cookies)) return isForged ? false : undefined
  const parsed = textOf(cookies?.[name])
  const id = textOf(signedCookies?.[name]) ?? (parsed && signedIds.verify(parsed, secrets))
  if (id) deprecate('cookie should be available in req.headers.cookie')
  return id || (isForged || parsed ? false : undefined)
}

/** `cookieParser()` makes objects of some cookies: such a one is nobody's session id. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
