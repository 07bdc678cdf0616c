import { cookieJson } from './cookie-json.js'
import { fingerprint, saysItsOwnJson } from './fingerprint.js'

/** The cookie of a session as apps may have made it. */
type AnyCookie = object & { expires?: unknown }

const START = '{"cookie":'

const BRACE = START.charCodeAt(0)

/** The fingerprint of a session without data. */
const NO_DATA = '}'

/**
 * The JSON of a session, with what is known of it without reading it. In
 *
 *     {"cookie":{"originalMaxAge":null,...},"user":"ada","views":1}
 *
 * the cookie comes first, for it is the first thing that a session gets, and what follows is the text of `fingerprint`,
 * `"user":"ada","views":1}`. So either can be replaced without writing the other anew.
 */
export class SessionJson {
  private constructor(
    readonly text: string,
    /** When the session expires, in milliseconds of Unix time; undefined for never. */
    readonly expiry: number | undefined,
    /** Where the fingerprint begins; undefined if the cookie does not come first. */
    private readonly dataStart: number | undefined
  ) {}

  /**
   * Writes a session, as `JSON.stringify` does.
   *
   * @param data - its fingerprint, if that is at hand
   */
  static of(session: { cookie?: AnyCookie | undefined }, data?: string): SessionJson {
    const { cookie } = session
    const cookieText = cookie && beginsWithCookie(session) ? cookieJson(cookie) : undefined
    if (!cookie || !cookieText) return new SessionJson(JSON.stringify(session), expiryOf(cookie), undefined)
    return SessionJson.join(cookie, cookieText, data ?? fingerprint(session))
  }

  /**
   * Reads what somebody else has written.
   *
   * @throws SyntaxError when it is not JSON
   */
  static from(text: string): SessionJson {
    const { cookie } = JSON.parse(text) as { cookie?: AnyCookie }
    return new SessionJson(text, expiryOf(cookie), undefined)
  }

  private static join(cookie: AnyCookie, cookieText: string, data: string): SessionJson {
    const comma = data === NO_DATA ? '' : ','
    const text = `${START}${cookieText}${comma}${data}`
    const expiry = expiryOf(cookie)
    const dataStart = START.length + cookieText.length + comma.length
    return new SessionJson(expiry === undefined ? text : inOnePiece(text), expiry, dataStart)
  }

  /** The fingerprint of the session, if it can be cut out. */
  get data(): string | undefined {
    return this.dataStart === undefined ? undefined : this.text.slice(this.dataStart)
  }

  /** The JSON of the same session with another cookie; this one if that changes nothing. */
  withCookie(cookie: AnyCookie | undefined): SessionJson {
    const { dataStart, text } = this
    const cookieText = cookie && cookieJson(cookie)
    if (!cookie || !cookieText || dataStart === undefined) {
      return SessionJson.of({ ...(JSON.parse(text) as object), cookie })
    }
    const isSame = this.expiry === undefined && text.startsWith(cookieText, START.length)
    return isSame ? this : SessionJson.join(cookie, cookieText, text.slice(dataStart))
  }
}

/**
 * V8 keeps a text that was joined in its pieces, until somebody looks at it. A cookie that expires has many of its own, which
 * take twice the memory.
 */
function inOnePiece(text: string): string {
  return text.charCodeAt(0) === BRACE ? text : ''
}

function beginsWithCookie(session: object): boolean {
  for (const key in session)
    return key === 'cookie' && Object.hasOwn(session, key) && !saysItsOwnJson(session)
  return false
}

/** When a cookie expires, in milliseconds of Unix time; undefined for never. */
function expiryOf(cookie: AnyCookie | undefined): number | undefined {
  const expires = cookie?.expires
  if (!expires) return undefined
  if (expires instanceof Date) return expires.valueOf()
  const time = typeof expires === 'string' ? Date.parse(expires) : Number(expires)
  return Number.isNaN(time) ? undefined : time
}
