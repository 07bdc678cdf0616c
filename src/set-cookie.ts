import cookie = require('cookie')
import { haveSameAttributes } from './cookie.js'
import type { CookieData } from './cookie.js'

type Options = cookie.CookieSerializeOptions

/**
 * Writes the text of `Set-Cookie` headers, as `cookie.serialize` does. From one to the next only the value and the time of
 * expiry change, as a rule: what stands before and after that time is kept from the last one.
 */
export class SetCookie {
  private last: CookieData | undefined
  private beforeExpires = ''
  private afterExpires = ''
  private second = NaN
  private expiresInSecond = ''

  constructor(private readonly name: string) {}

  /**
   * @param value - the cookie's value, percent-encoded
   * @param attributes - the cookie's attributes, if it has any
   * @throws TypeError when the name or an attribute is invalid
   */
  text(value: string, attributes: CookieData | undefined): string {
    if (!attributes) return cookie.serialize(this.name, value, { encode: String })
    if (!this.last || !haveSameAttributes(this.last, attributes)) this.learn(attributes)
    return `${this.name}=${value}${this.beforeExpires}${this.expires(attributes)}${this.afterExpires}`
  }

  private learn(attributes: CookieData): void {
    const { domain, path, ...others } = attributes as Options & CookieData
    this.last = undefined
    this.beforeExpires = this.attributesText({ domain, path })
    this.afterExpires = this.attributesText({ ...others, expires: undefined })
    this.last = attributes
  }

  private expires({ expires }: CookieData): string {
    if (!expires) return ''
    if (expires instanceof Date && !Number.isNaN(expires.valueOf())) return this.expiresAt(expires)
    // Whatever else it is, the library knows what to say.
    return this.attributesText({ expires })
  }

  /** Has a resolution of seconds: within one of them all cookies of a middleware say the same, mostly. */
  private expiresAt(date: Date): string {
    const second = Math.floor(date.valueOf() / 1000)
    if (second !== this.second) {
      this.second = second
      this.expiresInSecond = `; Expires=${date.toUTCString()}`
    }
    return this.expiresInSecond
  }

  private attributesText(attributes: Options): string {
    return cookie.serialize(this.name, '', attributes).slice(this.name.length + 1)
  }
}
