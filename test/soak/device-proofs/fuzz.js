'use strict'

// Sends what is almost right to the endpoints of deviceBound, and what is nothing of the kind, and notes each answer that a
// browser or an attacker must never get.

const http = require('node:http')
const { makeKey, makeProof } = require('../../support/device-browser')
const { boundVisitor, serveBound } = require('../../support/device-app')
const { closeAll } = require('../../support/harness')
const { seeded } = require('../random')

/** Requests that are sent at once. */
const AT_ONCE = 32

const ODD = [
  null,
  true,
  0,
  -1,
  1e308,
  '',
  'x',
  [],
  {},
  [[]],
  { alg: 'ES256' },
  'ES256',
  'none',
  '\u0000',
  '€'
]

/**
 * @param count - of requests
 * @param seed - of what is sent
 * @returns what went wrong, as text
 */
async function fuzz(count, seed) {
  const random = seeded(seed)
  const pick = (list) => list[Math.floor(random() * list.length)]
  const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE })
  const wrong = []
  const statuses = {}
  try {
    const kinds = await Promise.all(['ES256', 'RS256'].map((algorithm) => prepare(algorithm)))
    const one = async () => {
      // RSA takes its time to sign.
      const kind = kinds[random() < 0.9 ? 0 : 1]
      const { what, request, allowed } = pick([registration, refresh, ordinary])(kind, pick, random)
      const { status, body } = await send(kind.port, agent, request)
      const key = `${what} ${status}`
      statuses[key] = (statuses[key] ?? 0) + 1
      if (!allowed(status, body))
        wrong.push(`${what}: ${status} for ${JSON.stringify(request)}`.slice(0, 2000))
    }
    let sent = 0
    const worker = async () => {
      while (sent++ < count) await one()
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    for (const { errors } of kinds) wrong.push(...errors.map((error) => `the app was told: ${error}`))
  } finally {
    agent.destroy()
    await closeAll()
  }
  return { wrong, statuses }
}

/** An app with one visitor who is bound, and one who has been offered to be. */
async function prepare(algorithm) {
  const served = await boundVisitor({ deviceBound: { lifetime: 3_600_000 } })
  const key = makeKey(algorithm)
  const bound = served.newBrowser({ algorithm })
  await bound.page('/login')
  await bound.page('/')
  const [deviceSession] = bound.deviceSessions.values()
  const asked = await bound.send({
    path: '/dbsc/refresh',
    method: 'POST',
    headers: { 'sec-secure-session-id': deviceSession.id }
  })
  // As if it had been bound long ago.
  for (const [id, text] of Object.entries(served.store.sessions)) {
    const stored = JSON.parse(text)
    if (stored.__session) stored.__session.device.at = 0
    served.store.sessions[id] = JSON.stringify(stored)
  }
  const other = (await serveBound({ store: served.store, genid: () => 'other' })).browser()
  other.registersAtOnce = false
  await other.page('/login')
  const challenge = /^"([^"]+)"/.exec(asked.headers['secure-session-challenge'])[1]
  const offer = other.offers[0].challenge
  return {
    ...served,
    key,
    foreignKey: makeKey(algorithm),
    deviceKey: deviceSession.key,
    id: deviceSession.id,
    challenge,
    offer,
    registrationProof: makeProof(key, offer, { withKey: true }),
    refreshProof: makeProof(deviceSession.key, challenge),
    sid: bound.cookie('connect.sid'),
    ticket: bound.cookie('connect.sid.bound')
  }
}

function registration({ key, offer, registrationProof: good }, pick, random) {
  const over = { withKey: true, ...odd(pick, random) }
  const proof = pick([
    () => spoil(good, pick, random),
    () => makeProof(key, spoil(offer, pick, random), { withKey: true }),
    () => makeProof(key, offer, { ...over, header: { ...over.header, jwk: oddKey(key.jwk, pick, random) } }),
    () => makeProof(key, offer, { ...over, signature: noise(random, 86) })
  ])()
  return {
    what: 'register',
    request: post('/dbsc/register', { 'secure-session-response': header(proof) }),
    allowed: (status) => status === 400 || (status === 200 && isEquivalent(proof, good, offer))
  }
}

function refresh({ deviceKey, foreignKey, challenge, refreshProof: good, id }, pick, random) {
  const isIdSpoilt = random() < 0.3
  const identifier = isIdSpoilt ? spoil(id, pick, random) : id
  const proof = pick([
    () => spoil(good, pick, random),
    () => makeProof(deviceKey, spoil(challenge, pick, random)),
    () => makeProof(deviceKey, challenge, { ...odd(pick, random), signature: noise(random, 86) }),
    () => makeProof(foreignKey, challenge)
  ])()
  return {
    what: 'refresh',
    request: post('/dbsc/refresh', {
      'sec-secure-session-id': header(identifier),
      'secure-session-response': header(proof)
    }),
    allowed: (status) =>
      status === 400 ||
      (plain(identifier) === id &&
        (status === 403 || (status === 200 && isEquivalent(proof, good, challenge))))
  }
}

/** A proof that is made anew of the right challenge, and nothing else, is right. */
function isEquivalent(proof, good, challenge) {
  if (plain(proof) === plain(good)) return true
  const [, body = ''] = proof.split('.')
  try {
    return (
      JSON.parse(Buffer.from(body, 'base64url')).jti === challenge &&
      plain(proof).startsWith(good.split('.')[0])
    )
  } catch {
    return false
  }
}

function ordinary({ sid, ticket }, pick, random) {
  const spoilt = pick([
    () => spoil(ticket, pick, random),
    () => noise(random, 60),
    () => `${ticket.split('.')[0]}.${'9'.repeat(Math.floor(random() * 30))}.${ticket.split('.')[2]}`
  ])()
  const value = header(spoilt).replace(/[;,"\\ ]/g, '_')
  const cookie = `connect.sid=${sid}; connect.sid.bound=${value}`
  return {
    what: 'page',
    request: { method: 'GET', path: '/', headers: { cookie, 'x-forwarded-proto': 'https' } },
    allowed: (status, body) => status === 200 && (value === ticket || JSON.parse(body).reason === 'unproven')
  }
}

function post(path, headers) {
  return { method: 'POST', path, headers: { 'x-forwarded-proto': 'https', ...headers } }
}

/** What Node lets through in a header. */
function header(text) {
  return String(text).replace(/[^\t\x20-\x7e\x80-\xff]/g, '?')
}

function plain(text) {
  return header(text)
    .trim()
    .replace(/^"(.*)"$/, '$1')
}

function spoil(text, pick, random) {
  const at = Math.floor(random() * text.length)
  const other = String.fromCharCode(33 + Math.floor(random() * 222))
  return pick([
    () => text.slice(0, at) + other + text.slice(at + 1),
    () => text.slice(0, at) + text.slice(at + 1),
    () => text.slice(0, at) + other + text.slice(at),
    () => text.slice(0, at),
    () => text.slice(at),
    () => text + text,
    () => `"${text}`,
    () => text.replaceAll('.', pick(['', '..', ',', '.\t'])),
    () => text.split('').reverse().join(''),
    () => noise(random, Math.floor(random() * 3000))
  ])()
}

function odd(pick, random) {
  return {
    header: { [pick(['alg', 'typ', 'jwk', 'crit', 'kid', 'b64', '__proto__'])]: pick(ODD) },
    payload: {
      [pick(['jti', 'iat', 'aud', 'key', 'sub'])]: pick(ODD),
      ...(random() < 0.3 && { jti: pick(ODD) })
    }
  }
}

function oddKey(jwk, pick, random) {
  const changed = { ...jwk, [pick([...Object.keys(jwk), 'd', 'k', 'oth'])]: pick(ODD) }
  const name = pick(Object.keys(jwk))
  if (random() < 0.5) changed[name] = spoil(jwk[name], pick, random)
  // The right key after all: then only the rest may make it wrong.
  const isSame = Object.keys(jwk).every((key) => changed[key] === jwk[key])
  return isSame ? pick(ODD) : changed
}

function noise(random, length) {
  return Array.from({ length }, () => String.fromCharCode(33 + Math.floor(random() * 94))).join('')
}

function send(port, agent, { method, path, headers }) {
  return new Promise((resolve, reject) => {
    const request = http.request({ port, path, method, headers, agent, host: '127.0.0.1' })
    request.on('response', (response) => {
      let body = ''
      response.on('data', (chunk) => (body += chunk))
      response.on('end', () => resolve({ status: response.statusCode, body }))
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end()
  })
}

module.exports = { fuzz }
