import vary = require('vary')
import { setsCookie } from './set-cookie.js'
import type { ServerResponse } from 'node:http'
import type { Transport } from './transport.js'

/**
 * What `res.sendFile`, `res.download` and `express.static` say unless the app has told them more: a default of theirs, and no
 * wish of the app's.
 */
const DEFAULT_OF_FILES = 'public, max-age=0'

/**
 * Tells caches what sessions mean for them: the option `cacheControl`. Asked when the headers are about to be sent, and so
 * after all that the app has said itself, by `writeHead` too.
 *
 * @param transport - of the request; undefined where none was found for it
 * @param isSent - whether the response carries the session id, or has the client forget it
 */
export function controlCaches(res: ServerResponse, transport: Transport | undefined, isSent: boolean): void {
  // Some transports of web sockets have no response to give.
  if (typeof res.setHeader !== 'function') return
  // For most it is the cookie alone.
  if (transport?.cookieName === undefined) vary(res, 'Cookie')
  if (transport) vary(res, [...transport.vary])

  const name = transport?.cookieName
  if (!isSent && (name === undefined || !setsCookie(res, name))) return
  const said = res.getHeader('Cache-Control')
  if (said === undefined || said === DEFAULT_OF_FILES) res.setHeader('Cache-Control', 'no-store')
}
