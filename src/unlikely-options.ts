import { isAnyArrayBuffer, isCryptoKey, isDate, isKeyObject } from 'node:util/types'
import cookies = require('cookie')
import { silence } from './support/at-once.js'
import { nearestName } from './support/nearest-name.js'
import { shown } from './support/shown.js'
import type { GivenCookieOptions, SessionCookie } from './session/cookie.js'
import type { Warnings } from './support/warnings.js'

type Options = Record<string, unknown>

/** What `session()` is given, for this file's own purposes. */
interface Given {
  readonly options: object
  /** The names that options have. */
  readonly names: readonly string[]
  /** The store, be it the default. */
  readonly store: object
}

/** What the cookie's attributes are named. */
const ATTRIBUTES = Object.keys({
  maxAge: true,
  expires: true,
  httpOnly: true,
  secure: true,
  sameSite: true,
  domain: true,
  path: true,
  priority: true,
  partitioned: true,
  signed: true,
  encode: true
} satisfies Record<keyof GivenCookieOptions, true>)

/** What a `Cookie` has besides: an app may give one as the option. */
const OF_COOKIES: readonly string[] = [
  '_expires',
  'originalMaxAge',
  'data',
  'serialize',
  'toJSON'
] satisfies (keyof SessionCookie)[]

/** What other libraries, and people, call an option. */
const OTHER_NAMES = new Map([
  ['keys', 'secret'],
  ['secretKey', 'secret'],
  ['cookieName', 'name'],
  ['trustProxy', 'proxy']
])

/** Attributes of the cookie that are often given beside the option `cookie`, and names often given within. */
const MISPLACED_ATTRIBUTES = ['maxAge', 'expires', 'httpOnly', 'secure', 'sameSite', 'domain', 'path']
const MISPLACED_OPTIONS = ['secret', 'name', 'resave', 'saveUninitialized', 'rolling', 'unset', 'genid']

/** Whose value no message shows. */
const IS_SECRET = /secret|key|pass|token|encryption/i

/**
 * Says of options what cannot be meant. 1.x takes it, so it is taken: but no session works, or another than was asked for.
 * What is wrong with an option that 1.x does not have is an error, in `options.ts`.
 */
export function warnOfUnlikelyOptions({ options, names, store }: Given, warnings: Warnings): void {
  if (typeof options !== 'object' && typeof options !== 'function') {
    say(
      warnings,
      'session()',
      `session() takes an object with options, and not a value of type ${typeof options}`
    )
    return
  }

  const given = options as Options
  for (const name of namesIn(given)) {
    if (names.includes(name)) continue
    const meant =
      OTHER_NAMES.get(name) ?? misplacedAttribute(name, given['cookie']) ?? nearestName(name, names)
    if (meant) sayName(warnings, name, given[name], meant)
  }

  checkSecrets(given['secret'], warnings)
  checkName(given, warnings)
  for (const name of ['resave', 'saveUninitialized', 'rolling']) checkTruth(name, given[name], warnings)
  const { proxy } = given
  if (proxy != null && typeof proxy !== 'boolean') {
    say(
      warnings,
      'proxy',
      `The option proxy is ${shown(proxy)}, which counts for nothing. It must be true or false`
    )
  }
  checkStore(store as Options, warnings)
}

/** The same of the attributes of the cookie. */
export function warnOfUnlikelyCookie(options: GivenCookieOptions, warnings: Warnings): void {
  if (silence(options)) {
    const right = 'It must be an object, or a function that returns one'
    say(warnings, 'cookie', `The option cookie has given a promise, which counts as no attributes. ${right}`)
    return
  }
  const given = options as Options
  for (const name of namesIn(given)) {
    if (ATTRIBUTES.includes(name) || OF_COOKIES.includes(name)) continue
    const meant = MISPLACED_OPTIONS.includes(name) ? name : nearestName(name, ATTRIBUTES)
    if (meant === undefined) continue
    sayName(warnings, `cookie.${name}`, given[name], meant === name ? name : `cookie.${meant}`)
  }

  for (const name of ['secure', 'httpOnly', 'partitioned']) {
    if (name === 'secure' && given[name] === 'auto') continue
    checkTruth(`cookie.${name}`, given[name], warnings)
  }
  checkPath(given['path'], warnings)
  checkExpiry(options, warnings)
  for (const [name, right] of [
    ['domain', 'the name of a host'],
    ['priority', "'low', 'medium' or 'high'"],
    ['sameSite', "true, false, 'lax', 'strict', 'none' or 'auto'"]
  ] as const) {
    const value = given[name]
    if (name === 'sameSite' && value === 'auto') continue
    if (!value || canBeSent('name', { [name]: value })) continue
    sayUnsent(warnings, `cookie.${name}`, value, right)
  }
}

function checkSecrets(secret: unknown, warnings: Warnings): void {
  // Without any, `req.secret` counts, and 1.x says so.
  if (secret == null) return
  if (!Array.isArray(secret)) {
    checkSecret('secret', secret, warnings)
    return
  }
  secret.forEach((each, i) => {
    checkSecret(`secret[${i}]`, each, warnings)
  })
}

/** What it is, and not what it says: the log is no place for it. */
function checkSecret(name: string, secret: unknown, warnings: Warnings): void {
  const right = 'It must be text that nobody can guess, a Buffer or a KeyObject'
  if (secret === '') say(warnings, name, `The option ${name} is empty text. ${right}`)
  else if (!canSign(secret)) {
    const what = secret === null ? 'null' : `of type ${typeof secret}`
    say(warnings, name, `The option ${name} is ${what}, and cannot sign session ids. ${right}`)
  }
}

/** What Node takes for the key of an HMAC. */
function canSign(secret: unknown): boolean {
  if (typeof secret === 'string' || ArrayBuffer.isView(secret)) return true
  return isAnyArrayBuffer(secret) || (isKeyObject(secret) ? secret.type === 'secret' : isCryptoKey(secret))
}

function checkName({ name, key, transport }: Options, warnings: Warnings): void {
  const option = name ? 'name' : 'key'
  const value = name || key
  // Then no cookie has it.
  if (!value || typeof transport === 'object') return
  if (!canBeSent(value, {})) sayUnsent(warnings, option, value, 'the name of a cookie, without spaces')
  else if (typeof value !== 'string') {
    say(warnings, option, `The option ${option} is ${shown(value)}, and counts as its text. It must be text`)
  }
}

/** Of what only its truth counts: that of `1` and of what is empty can be meant. */
function checkTruth(name: string, value: unknown, warnings: Warnings): void {
  if (!value || value === true || value === 1) return
  say(warnings, name, `The option ${name} is ${shown(value)}, which counts as true. It must be true or false`)
}

function checkPath(path: unknown, warnings: Warnings): void {
  if (!path) return
  if (typeof path !== 'string' || !path.startsWith('/')) {
    const what = `The option cookie.path is ${shown(path)}`
    const why = typeof path === 'string' ? `${what}, and so no request has a session` : what
    say(warnings, 'cookie.path', `${why}. It must be text that begins with /`)
  } else if (!canBeSent('name', { path })) {
    sayUnsent(warnings, 'cookie.path', path, 'a path as it stands in a URL')
  }
}

/** Which of the attributes that say when a cookie expires counts: it overwrites what stands before it. */
export function lastOfExpiry(options: GivenCookieOptions): 'maxAge' | 'expires' | undefined {
  let last: 'maxAge' | 'expires' | undefined
  for (const name in options) if (name === 'maxAge' || name === 'expires') last = name
  return last
}

function checkExpiry(options: GivenCookieOptions, warnings: Warnings): void {
  const last = lastOfExpiry(options)
  if (last) checkTime(last, options[last], warnings)

  const expires: unknown = options.expires
  if (!expires || isDate(expires)) return
  // Without the value, which may be another in each request that makes a middleware.
  const what = `The option cookie.expires is no Date, but of type ${typeof expires}`
  if (last === 'maxAge') {
    say(
      warnings,
      'cookie.expires',
      `${what}. The cookie.maxAge behind it counts in its place: leave expires out`
    )
  } else if (typeof expires === 'number') {
    say(
      warnings,
      'cookie.expires',
      `${what}. It counts as milliseconds from now: write cookie.maxAge, or a Date`
    )
  }
}

function checkTime(name: 'maxAge' | 'expires', time: unknown, warnings: Warnings): void {
  const expires = typeof time === 'number' ? Date.now() + time : isDate(time) ? time.valueOf() : undefined
  if (expires === undefined) return
  const option = `cookie.${name}`
  const value = isDate(time) ? String(time) : shown(time)
  if (Number.isNaN(new Date(expires).valueOf())) {
    say(warnings, option, `The option ${option} is ${value}, which is no date: no session cookie is sent`)
  } else if (expires <= Date.now()) {
    say(warnings, option, `The option ${option} is ${value}: each session ends as soon as it begins`)
  }
}

function checkStore(store: Options, warnings: Warnings): void {
  const missing = ['get', 'set', 'destroy'].filter((method) => typeof store[method] !== 'function')
  if (missing.length === 0) return
  const methods = missing.join(', ')
  say(
    warnings,
    'store',
    `The option store is ${shown(store)} without ${methods}. A store has get, set and destroy`
  )
}

/** Whether browsers can be sent a cookie: this package has the same rules for it as 1.x. */
function canBeSent(name: unknown, attributes: object): boolean {
  try {
    cookies.serialize(name as string, '', attributes)
    return true
  } catch {
    return false
  }
}

/** Whether an attribute of the cookie stands beside the option `cookie`, and not within. */
function misplacedAttribute(name: string, cookie: unknown): string | undefined {
  const meant = nearestName(name, MISPLACED_ATTRIBUTES)
  if (meant === undefined || typeof cookie === 'function') return undefined
  return cookie && (cookie as Options)[meant] !== undefined ? undefined : `cookie.${meant}`
}

/** Inherited ones count. */
function namesIn(options: object): string[] {
  const names = []
  for (const name in options) names.push(name)
  return names
}

function sayName(warnings: Warnings, name: string, value: unknown, meant: string): void {
  const isShown = !IS_SECRET.test(name) && !IS_SECRET.test(meant) && value !== undefined
  const given = isShown ? `${name} (${shown(value)})` : name
  warnings.warnOnce('EXPRESS_SESSION_OPTION_NAME', `There is no option ${given}: ${meant} may be meant`, name)
}

function sayUnsent(warnings: Warnings, name: string, value: unknown, right: string): void {
  const why = `The option ${name} is ${shown(value)}, and so no session cookie is sent`
  say(warnings, name, `${why}. It must be ${right}`)
}

function say(warnings: Warnings, option: string, message: string): void {
  warnings.warnOnce('EXPRESS_SESSION_OPTION_VALUE', message, option)
}
