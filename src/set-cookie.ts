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
  private readonly start: string
  private beforeExpires = ''
  private afterExpires = ''
  /** What follows the value of a cookie that does not expire. */
  private rest = ''
  /** The same with a time of expiry, which has a resolution of seconds: most cookies of one second say the same. */
  private restInSecond = ''
  private second = NaN

  constructor(private readonly name: string) {
    this.start = `${name}=`
  }

  /**
   * @param value - the cookie's value, percent-encoded
   * @param attributes - the cookie's attributes, if it has any
   * @throws TypeError when the name or an attribute is invalid
   */
  text(value: string, attributes: CookieData | undefined): string {
    if (!attributes) return cookie.serialize(this.name, value, { encode: String })
    if (!this.last || !haveSameAttributes(this.last, attributes)) this.learn(attributes)
    const { expires } = attributes
    return this.start + value + (expires ? this.restUntil(expires) : this.rest)
  }

  private learn(attributes: CookieData): void {
    const { domain, path, ...others } = attributes as Options & CookieData
    this.last = undefined
    this.beforeExpires = this.attributesText({ domain, path })
    this.afterExpires = this.attributesText({ ...others, expires: undefined })
    this.rest = this.beforeExpires + this.afterExpires
    this.second = NaN
    this.last = attributes
  }

  private restUntil(expires: Date): string {
    // Whatever else it may be, the library knows what to say.
    if (!(expires instanceof Date) || Number.isNaN(expires.valueOf())) {
      return this.beforeExpires + this.attributesText({ expires }) + this.afterExpires
    }

    const second = Math.floor(expires.valueOf() / 1000)
    if (second !== this.second) {
      this.second = second
      this.restInSecond = `${this.beforeExpires}; Expires=${expires.toUTCString()}${this.afterExpires}`
    }
    return this.restInSecond
  }

  private attributesText(attributes: Options): string {
    return cookie.serialize(this.name, '', attributes).slice(this.name.length + 1)
  }
}
