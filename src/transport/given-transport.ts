import vary = require('vary')
import { inspect } from 'node:util'
import { silence } from '../support/at-once.js'
import { isThenable } from '../support/store-call.js'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CookieAttributes } from '../session/cookie-attributes.js'
import type { Cookie } from '../session/cookie.js'
import type { Transport } from './transport.js'

// eslint-disable-next-line @typescript-eslint/ban-ts-comment -- an error where they are not, and none here
/** @ts-ignore Express's own request where its types are installed; `any` where they are not. */
type ExpressRequest = import('express').Request

// eslint-disable-next-line @typescript-eslint/ban-ts-comment -- as above
/** @ts-ignore Express's own response where its types are installed; `any` where they are not. */
type ExpressResponse = import('express').Response

/**
 * Carries the signed session id in a way of the app's own. What it reads is verified, and what it writes is signed,
 * like the value of a cookie. An error that it throws goes to `next`.
 */
export interface SessionTransport {
  /** The signed id of a request; or several, of which the first valid one counts; or nothing. */
  read(req: ExpressRequest): string | Iterable<string> | null | undefined

  /**
   * Puts a signed id into a response. It is called when the headers are about to be sent.
   *
   * @param value - the signed id. Percent-encode it if it goes into a header
   * @param cookie - the cookie of the session, which says when the session expires
   */
  write(req: ExpressRequest, res: ExpressResponse, value: string, cookie: Cookie): void | Promise<void>

  /** Makes the client forget the id. It is called with the option `clearCookie` only. */
  clear(req: ExpressRequest, res: ExpressResponse): void | Promise<void>

  /**
   * The header that `read` looks at, or several. With the option `cacheControl`, responses name them in `Vary`.
   *
   * @defaultValue `'*'`: no cache may use a response for another request
   */
  vary?: string | string[] | undefined
}

/** How many values of one request are looked at: each costs a signature. */
const MAX_CANDIDATES = 16

const METHODS = ['read', 'write', 'clear'] as const

/**
 * @param value - where a transport is expected
 * @param name - of that place
 * @throws TypeError when it is none
 */
export function checkTransport(value: unknown, name: string): asserts value is SessionTransport {
  if (isThenable(value)) {
    silence(value)
    throw new TypeError(
      `${name} must be there at once, and not be a promise, as an async function returns it`
    )
  }
  if (typeof value !== 'object' || value === null) {
    throw new TypeError(
      `${name} must be 'cookie' or an object with the methods read, write and clear, not ${shown(value)}`
    )
  }
  for (const method of METHODS) {
    const given: unknown = (value as Partial<SessionTransport>)[method]
    if (typeof given === 'function') continue
    throw new TypeError(`${name}.${method} must be a function, not ${shown(given)}`)
  }
  checkVary((value as SessionTransport).vary, name)
}

function checkVary(given: unknown, name: string): void {
  for (const header of ([] as unknown[]).concat(given ?? '*')) {
    try {
      vary.append('', header as string)
    } catch {
      throw new TypeError(`${name}.vary must be the name of a header, or several, not ${shown(given)}`)
    }
  }
}

/** A transport of the app's own. */
export class GivenTransport implements Transport {
  readonly cookieName = undefined

  constructor(private readonly given: SessionTransport) {}

  get vary(): readonly string[] {
    return ([] as string[]).concat(this.given.vary ?? '*')
  }

  read(req: IncomingMessage): string[] {
    const found: unknown = this.given.read(req as ExpressRequest)
    if (found === undefined || found === null) return []
    if (typeof found === 'string') return found === '' ? [] : [found]
    if (!isIterable(found)) {
      silence(found)
      throw new TypeError(`transport.read() must give text, several, or nothing, not ${shown(found)}`)
    }

    const values: string[] = []
    for (const value of found) {
      if (typeof value === 'string' && value !== '') values.push(value)
      if (values.length === MAX_CANDIDATES) break
    }
    return values
  }

  /** The rules of cookies are for cookies. */
  maySend(): boolean {
    return true
  }

  write(
    req: IncomingMessage,
    res: ServerResponse,
    value: string,
    cookie: Cookie,
    report: (error: unknown) => void
  ): void {
    reportLate(this.given.write(req as ExpressRequest, res as ExpressResponse, value, cookie), report)
  }

  clear(
    req: IncomingMessage,
    res: ServerResponse,
    _attributes: CookieAttributes,
    report: (error: unknown) => void
  ): void {
    reportLate(this.given.clear(req as ExpressRequest, res as ExpressResponse), report)
  }
}

/** A method may be `async`, by which its errors come later. */
function reportLate(result: unknown, report: (error: unknown) => void): void {
  if (isThenable(result)) result.then(undefined, report)
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function'
}

/** What an error message shows of a value. A longer text may be a signed id, and is not shown. */
function shown(value: unknown): string {
  if (typeof value === 'string' && !/^[\w-]{0,16}$/.test(value)) return 'another text'
  if (typeof value !== 'object' || value === null) return inspect(value)
  return `an object (${value.constructor?.name || 'Object'})`
}
