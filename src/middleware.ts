import onHeaders = require('on-headers')
import parseUrl = require('parseurl')
import { withoutTouch } from './cookie-warnings.js'
import { debug } from './debug.js'
import { beforeEnd } from './end-of-response.js'
import { shareHiddenClass } from './hidden-classes.js'
import { Lifecycle } from './lifecycle.js'
import { cookieOptionsFor, generateSession } from './new-session.js'
import { StoreUse } from './store-use.js'
import { SetCookie } from './set-cookie.js'
import { SignedIds } from './signed-ids.js'
import { Warnings } from './warnings.js'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { CookieOptions } from './cookie.js'
import type { SessionfulRequest } from './lifecycle.js'
import type { Settings } from './options.js'

type Next = (error?: unknown) => void

/** Gives each request its session: middleware for Express, Connect, plain `node:http` and Node's HTTP/2 compatibility API. */
export interface SessionMiddleware {
  (
    req: IncomingMessage | Http2ServerRequest,
    res: ServerResponse | Http2ServerResponse,
    next: (error?: any) => void
  ): void
}

/** Builds the middleware: what happens to each request, from top to bottom. */
export function createMiddleware(settings: Settings) {
  const warnings = new Warnings()
  const storeUse = StoreUse.of(settings.store, {
    generate: (req) => {
      generateSession(req, settings, cookieOptionsFor(req, settings))
    }
  })
  const service = {
    settings,
    storeUse,
    warnings,
    signedIds: new SignedIds(settings.rememberSignatures),
    setCookie: new SetCookie(settings.name)
  }

  return function session(req: SessionfulRequest, res: ServerResponse, next: Next): void {
    // An outer session() already serves this request.
    if (req.session) {
      next()
      return
    }

    if (!storeUse.ready) {
      debug('store is disconnected')
      next()
      return
    }

    let cookieOptions: CookieOptions
    try {
      cookieOptions = cookieOptionsFor(req, settings)
    } catch (error) {
      next(error)
      return
    }

    if (!pathMatches(req, cookieOptions.path || '/')) {
      debug('pathname mismatch')
      next()
      return
    }

    const secrets = settings.secrets ?? (req.secret ? [req.secret] : undefined)
    if (!secrets) {
      next(new Error('secret option required for sessions'))
      return
    }

    if (cookieOptions.maxAge && !settings.resave && !settings.touches) withoutTouch(warnings)

    shareHiddenClass(req)
    shareHiddenClass(res)
    const lifecycle = new Lifecycle(service, cookieOptions, secrets, req, res, next)
    beforeEnd(req, res, lifecycle, next)
    onHeaders(res, lifecycle.sendCookie.bind(lifecycle))
    lifecycle.load()
  }
}

/**
 * Would a browser send a cookie with this path along with this request? RFC 6265 section 5.1.4: the paths are the same,
 * or the cookie's is a prefix of the request's that ends at a slash.
 */
function pathMatches(req: SessionfulRequest, cookiePath: string): boolean {
  const url = (req as { originalUrl?: string }).originalUrl ?? req.url
  // All paths are below this one: no need to take the URL apart.
  if (cookiePath === '/' && url?.startsWith('/')) return true

  const requestPath = parseUrl.original(req)?.pathname || '/'
  if (!requestPath.startsWith(cookiePath)) return false
  return (
    requestPath.length === cookiePath.length ||
    cookiePath.endsWith('/') ||
    requestPath[cookiePath.length] === '/'
  )
}
