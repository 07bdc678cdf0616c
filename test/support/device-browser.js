'use strict'

// A browser that speaks Device Bound Session Credentials as Chromium 156 does, as far as a server can see: it registers when
// it is offered that, and holds a request without its bound cookie until that is refreshed. Its key is in its hands.

const { generateKeyPairSync, sign } = require('node:crypto')

const REGISTRATION = /\((?<algorithms>[\w ]+)\);path="(?<path>[^"]+)";challenge="(?<challenge>[^"]+)"/
const CHALLENGE = /^"(?<challenge>[^"]+)";id="(?<id>[^"]+)"$/

/** What a browser signs with; `RS256` is what TPMs can that know no elliptic curves. */
function makeKey(algorithm = 'ES256', options = {}) {
  const pair =
    algorithm === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048, ...options })
  return { algorithm, privateKey: pair.privateKey, jwk: pair.publicKey.export({ format: 'jwk' }) }
}

/** A proof as a browser makes it; what a test wants to be otherwise comes in `over`. */
function makeProof(key, challenge, { header, payload, signature, withKey = false, dsaEncoding } = {}) {
  const head = { alg: key.algorithm, ...(withKey && { jwk: key.jwk }), typ: 'dbsc+jwt', ...header }
  const text = [head, { jti: challenge, ...payload }].map(encode).join('.')
  const signed = sign('sha256', Buffer.from(text), {
    key: key.privateKey,
    dsaEncoding: dsaEncoding ?? 'ieee-p1363'
  })
  return `${text}.${signature ?? signed.toString('base64url')}`
}

function encode(value) {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
}

class DeviceBrowser {
  /**
   * @param visit - of the harness: sends a request
   * @param options - `algorithm` of its keys; `isQuoted`: puts header values in quotes, as the draft has it
   */
  constructor(visit, { algorithm = 'ES256', isQuoted = false } = {}) {
    Object.assign(this, { visit, algorithm, isQuoted })
    this.jar = new Map()
    this.deviceSessions = new Map()
    /** What it has asked by itself: `register 200`, `refresh 403`. */
    this.asked = []
    /** False: it remembers offers, and does not take them up yet. */
    this.registersAtOnce = true
    this.offers = []
    this.headers = {}
  }

  /** Opens a page. */
  page(path = '/', request = {}) {
    return this.request({ path, ...request, headers: { 'sec-fetch-dest': 'document', ...request.headers } })
  }

  /** A fetch by a script of the page. */
  fetch(path = '/', request = {}) {
    return this.request({ path, ...request, headers: { 'sec-fetch-dest': 'empty', ...request.headers } })
  }

  async request({ path, method = 'GET', headers }) {
    await this.refreshWhatIsDue(path)
    const response = await this.send({ path, method, headers })
    const offer = REGISTRATION.exec(response.headers['secure-session-registration'])?.groups
    response.offer = offer
    if (offer) this.offers.push(offer)
    if (this.registersAtOnce) await this.takeUpOffers()
    return response
  }

  /** Takes up what was offered. */
  async takeUpOffers(request) {
    for (const offer of this.offers.splice(0)) await this.register(offer, request)
  }

  async register(offer, { withCookies = true, isLost = false, key = makeKey(this.algorithm) } = {}) {
    const proof = makeProof(key, offer.challenge, { withKey: true })
    const headers = { 'secure-session-response': this.quoted(proof) }
    const answer = await this.send({ path: offer.path, method: 'POST', headers, withCookies, isLost })
    this.asked.push(`register ${answer.status}`)
    if (answer.status === 200 && !isLost) this.follow(JSON.parse(answer.body), key, answer)
    return answer
  }

  /** Takes in what a server says of a device session, and holds it to it. */
  follow(instructions, key, answer) {
    const { session_identifier: id, credentials, refresh_url: refreshUrl } = instructions
    const [{ name, attributes }] = credentials
    const set = answer.setCookie.find((text) => text.startsWith(`${name}=`))
    const real = set.split('; ').slice(1)
    // A cookie of other attributes never counts for Chromium.
    const promised = attributes.split('; ')
    if (real.filter((one) => !/^(Max-Age|Expires)=/.test(one)).join('; ') !== promised.join('; ')) {
      throw new Error(`the cookie is not what was promised: ${set}; promised: ${attributes}`)
    }
    const isExcluded = (path) =>
      instructions.scope.scope_specification.some((rule) => path.startsWith(rule.path))
    this.deviceSessions.set(id, { id, name, key, refreshUrl, isExcluded, instructions })
  }

  async refreshWhatIsDue(path) {
    for (const deviceSession of [...this.deviceSessions.values()]) {
      if (this.cookie(deviceSession.name) === undefined && !deviceSession.isExcluded(path)) {
        await this.refresh(deviceSession)
      }
    }
  }

  async refresh(deviceSession, { withCookies = true } = {}) {
    const { id, key, refreshUrl } = deviceSession
    for (let signatures = 0; signatures < 4; signatures++) {
      const proof = deviceSession.challenge && makeProof(key, deviceSession.challenge)
      const headers = {
        'sec-secure-session-id': this.quoted(id),
        ...(proof && { 'secure-session-response': this.quoted(proof) })
      }
      const answer = await this.send({ path: refreshUrl, method: 'POST', headers, withCookies })
      this.asked.push(`refresh ${answer.status}`)
      const asked = CHALLENGE.exec(answer.headers['secure-session-challenge'])?.groups
      if (answer.status >= 500) return answer
      if (answer.status === 403 && asked?.id === id) {
        deviceSession.challenge = asked.challenge
        continue
      }
      const instructions = answer.status === 200 && JSON.parse(answer.body)
      this.deviceSessions.delete(id)
      if (instructions && instructions.continue !== false && instructions.session_identifier === id) {
        this.follow(instructions, key, answer)
      }
      return answer
    }
    this.deviceSessions.delete(id)
    return undefined
  }

  async send({ path, method, headers, withCookies = true, isLost = false }) {
    const cookie = withCookies ? this.cookies() : undefined
    const request = {
      path,
      method,
      cookie,
      headers: { 'x-forwarded-proto': 'https', ...this.headers, ...headers }
    }
    const response = await this.visit(request)
    if (!isLost) for (const text of response.setCookie) this.keep(text)
    return response
  }

  // The jar.

  keep(text) {
    const [pair, ...attributes] = text.split('; ')
    const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
    const maxAge = attributes.map((one) => /^Max-Age=(.*)/.exec(one)?.[1]).find(Boolean)
    const expires = attributes.map((one) => /^Expires=(.*)/.exec(one)?.[1]).find(Boolean)
    const end = maxAge ? Date.now() + Number(maxAge) * 1000 : expires ? Date.parse(expires) : Infinity
    this.jar.set(name, { value, end, text })
  }

  cookie(name) {
    const { value, end } = this.jar.get(name) ?? {}
    return end > Date.now() ? value : undefined
  }

  /** All cookies, as the header has them: what a thief copies. */
  cookies() {
    const alive = [...this.jar.keys()].filter((name) => this.cookie(name) !== undefined)
    return alive.map((name) => `${name}=${this.cookie(name)}`).join('; ') || undefined
  }

  quoted(value) {
    return this.isQuoted ? `"${value}"` : value
  }

  /** What it has asked since the last time somebody wanted to know. */
  takeAsked() {
    return this.asked.splice(0)
  }
}

module.exports = { DeviceBrowser, encode, makeKey, makeProof }
