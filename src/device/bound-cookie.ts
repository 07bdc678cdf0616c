import cookies = require('cookie')
import type { ServerResponse } from 'node:http'
import type { CookieData } from '../session/cookie.js'

/**
 * How much earlier than the server a browser must take the cookie for too old, so that the server never refuses what the
 * browser thinks is good: a tenth of its life, and half a minute at most, because clocks may differ by that much.
 */
const MARGIN = 0.1
const LARGEST_MARGIN = 30_000

/** What a cookie must say of its attributes. */
export type Attributes = Pick<CookieData, 'path' | 'domain' | 'sameSite' | 'httpOnly'>

/**
 * The cookie that a browser has only as long as it proves that it holds the key. It goes where the session cookie goes, and
 * over https only.
 */
export class BoundCookie {
  private readonly text: string

  /**
   * @param name - its name
   * @param like - the session cookie
   * @throws TypeError when an attribute is invalid
   */
  constructor(
    private readonly name: string,
    private readonly like: Attributes
  ) {
    const { path, domain, sameSite, httpOnly } = like
    this.text = cookies.serialize(name, '', {
      path: path || '/',
      domain: domain || undefined,
      sameSite: sameSite || undefined,
      httpOnly: Boolean(httpOnly),
      secure: true
    })
  }

  /** The attributes as the browser is told them beforehand: those of `Set-Cookie`, which it compares. */
  get attributes(): string {
    return this.text.slice(this.text.indexOf('; ') + 2)
  }

  /** Whether the browser sends it along with every request, whichever site that comes from. */
  get isCrossSite(): boolean {
    return String(this.like.sameSite).toLowerCase() === 'none'
  }

  /**
   * Sends it.
   *
   * @param maxAge - in seconds
   */
  send(res: ServerResponse, value: string, maxAge: number): void {
    this.add(res, `${this.name}=${value}; ${this.attributes}; Max-Age=${maxAge}`)
  }

  /** Has the browser forget it. */
  clear(res: ServerResponse): void {
    this.add(res, `${this.name}=; ${this.attributes}; Expires=Thu, 01 Jan 1970 00:00:00 GMT`)
  }

  private add(res: ServerResponse, text: string): void {
    const others = res.getHeader('Set-Cookie') as string | string[] | undefined
    res.setHeader('Set-Cookie', others ? ([] as string[]).concat(others, text) : [text])
  }
}

/**
 * How long a browser keeps a cookie, in seconds. At least one: with zero it would not keep it at all.
 *
 * @param lifetime - for the server, in milliseconds
 */
export function maxAgeFor(lifetime: number): number {
  const margin = Math.min(lifetime * MARGIN, LARGEST_MARGIN)
  return Math.max(1, Math.floor((lifetime - margin) / 1000))
}
