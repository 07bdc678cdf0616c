import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CookieAttributes } from '../session/cookie-attributes.js'
import type { Cookie } from '../session/cookie.js'

/**
 * The way that a session id travels between client and server. What travels is signed: signing comes before `write`, and
 * verifying after `read`.
 */
export interface Transport {
  /** The name of the cookie, where it travels in one. */
  readonly cookieName: string | undefined

  /** The headers of a request that `read` looks at: caches are told that responses vary with them. */
  readonly vary: readonly string[]

  /** The signed ids that a request brings, percent-encoded or not; the first that is valid counts. */
  read(req: IncomingMessage): Iterable<string>

  /** Whether an id may be sent with the response to a request: some cookies only go over https. */
  maySend(req: IncomingMessage, cookie: Pick<Cookie, 'secure'>): boolean

  /**
   * Puts a signed id into the headers of a response.
   *
   * @param report - hears of what goes wrong later
   * @throws TypeError when an attribute of the cookie is invalid, and whatever an app's own transport throws
   */
  write(
    req: IncomingMessage,
    res: ServerResponse,
    value: string,
    cookie: Cookie,
    report: (error: unknown) => void
  ): void

  /**
   * Has the client forget the id, unless the app has said something about it in this response.
   *
   * @param attributes - of the cookie that the client has
   * @param report - hears of what goes wrong later
   * @throws as `write` does
   */
  clear(
    req: IncomingMessage,
    res: ServerResponse,
    attributes: CookieAttributes,
    report: (error: unknown) => void
  ): void
}
