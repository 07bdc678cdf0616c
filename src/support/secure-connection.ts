import type { IncomingMessage } from 'node:http'

/**
 * Does a request come over https?
 *
 * @param req - the request
 * @param proxy - whether to believe `X-Forwarded-Proto`: `true` does, `false` does not, and `undefined` asks Express, which
 * has its `trust proxy` setting for that
 */
export function isSecure(req: IncomingMessage, proxy: boolean | undefined): boolean {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- hosts and stand-ins say it by the old name, or by that alone
  if (isEncrypted(req.socket) || isEncrypted(req.connection)) return true

  if (proxy === false) return false
  if (proxy !== true) return (req as { secure?: unknown }).secure === true

  // A chain of proxies makes it a list, in which the first entry is the client's side.
  const [protocol = ''] = String(req.headers['x-forwarded-proto'] ?? '').split(',', 1)
  return protocol.trim().toLowerCase() === 'https'
}

function isEncrypted(connection: object | null | undefined): boolean {
  return Boolean((connection as { encrypted?: unknown } | null | undefined)?.encrypted)
}

/** Does the app believe its proxy in what it says of the connection? */
export function trustsProxy(req: IncomingMessage, proxy: boolean | undefined): boolean {
  if (proxy !== undefined) return proxy
  const { app } = req as { app?: { get?: (setting: string) => unknown } }
  return typeof app?.get === 'function' && Boolean(app.get('trust proxy'))
}
