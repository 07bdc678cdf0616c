import { validateHeaderName } from 'node:http'
import { inspect } from 'node:util'
import type { SessionTransport } from './given-transport.js'

/**
 * Carries the signed session id in a header of requests and responses, for clients that keep no cookies. Such a client
 * sends back what the last response with that header said, and forgets it when the header is empty.
 *
 * The value is the value of the cookie, percent-encoded. `secure` and the other attributes of cookies do not hold for
 * it.
 *
 * @param name - the name of the header
 * @returns a value for the option `transport`
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
