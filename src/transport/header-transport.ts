import { validateHeaderName } from 'node:http'
import { inspect } from 'node:util'
import type { SessionTransport } from './given-transport.js'

/**
 * Carries the signed session id in a header of requests and responses, for clients that keep no cookies: they send back what
 * the last response with that header said, and forget it when it is empty.
 *
 * The value is that of the cookie, percent-encoded. No rule of cookies holds for it: `secure` and the like are not looked at.
 *
 * @param name - of the header
 * @throws TypeError when no header can have that name
 */
export function headerTransport(name = 'X-Session-Id'): SessionTransport {
  checkName(name)
  const key = name.toLowerCase()
  return {
    vary: name,
    read: (req) => req.headers[key],
    write(_req, res, value) {
      res.setHeader(name, encodeURIComponent(value))
    },
    clear(_req, res) {
      if (!res.hasHeader(name)) res.setHeader(name, '')
    }
  }
}

function checkName(name: unknown): void {
  try {
    validateHeaderName(name as string)
  } catch {
    throw new TypeError(
      `the name of headerTransport must be that of a header, not ${inspect(name, { depth: 0 })}`
    )
  }
}
