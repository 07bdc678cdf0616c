import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Cookie } from '../session/cookie.js'

/**
 * The way that a session id travels between client and server. What travels is signed: signing comes before `write`, and
 * verifying after `read`.
 */
export interface Transport {
  /** The signed ids that a request brings, percent-encoded or not; the first that is valid counts. */
  read(req: IncomingMessage): Iterable<string>

  /** Whether an id may be sent with the response to a request: some cookies only go over https. */
  maySend(req: IncomingMessage, cookie: Cookie): boolean

  /**
   * Puts a signed id into the headers of a response.
   *
   * @throws TypeError when an attribute of the cookie is invalid
   */
  write(req: IncomingMessage, res: ServerResponse, value: string, cookie: Cookie): void
}
