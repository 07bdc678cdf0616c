'use strict'

// What each thing that is there for speed gains: the time of one call with it, and of what would stand in its place.
//
//     npm run build && node bench/parts.js

const cookie = require('cookie')
const { sign } = require('cookie-signature')
const uid = require('uid-safe')
const { Cookie, MemoryStore } = require('../dist/index')
const { cookieJson } = require('../dist/cookie-json')
const { fingerprint } = require('../dist/fingerprint')
const { Hmac } = require('../dist/hmac')
const { generateSessionId } = require('../dist/session-id')
const { readSessionId } = require('../dist/session-id-cookie')
const { SessionJson } = require('../dist/session-json')
const { SetCookie } = require('../dist/set-cookie')
const { SignedIds } = require('../dist/signed-ids')
const { snapshot, snapshotAgain } = require('../dist/snapshot')
const { askStore, callStore } = require('../dist/store-call')
const { median } = require('./statistics')

const VISITORS = 64
const CALLS = 20_000
const ROUNDS = 9

const secrets = ['one', 'two', 'three']
const data = (i) => ({ user: { id: i, name: 'Ada Lovelace', roles: ['author', 'editor'] }, views: i })
const visitors = Array.from({ length: VISITORS }, (_, i) => {
  const id = generateSessionId()
  const value = encodeURIComponent('s:' + sign(id, 'one'))
  const session = { cookie: new Cookie({ maxAge: 3_600_000 }), ...data(i) }
  const others = Array.from({ length: 20 }, (_, n) => `preference_${n}=value%20number%20${n}; `).join('')
  return {
    id,
    value,
    expires: session.cookie.expires.toISOString(),
    stored: { originalMaxAge: null, expires: null, httpOnly: true, path: '/' },
    rotated: encodeURIComponent('s:' + sign(id, 'three')),
    session,
    json: SessionJson.of(session),
    header: `${others}connect.sid=${value}`
  }
})

const remembering = new SignedIds(true)
const forgetting = new SignedIds(false)
const setCookie = new SetCookie('connect.sid')
const hmac = new Hmac('one')
const store = new MemoryStore()
for (const { id, session } of visitors) store.set(id, session)

const parts = {
  'a signature verified before': {
    with: ({ value }) => remembering.verify(value, secrets),
    without: ({ value }) => forgetting.verify(value, secrets)
  },
  'the same, by the third of three secrets': {
    with: ({ rotated }) => remembering.verify(rotated, secrets),
    without: ({ rotated }) => forgetting.verify(rotated, secrets)
  },
  'a new session id from the pool': {
    with: () => generateSessionId(),
    without: () => uid.sync(24)
  },
  'the session cookie among twenty others': {
    with: ({ header }) => readSessionId({ headers: { cookie: header } }, 'connect.sid', remembering, secrets),
    without: ({ header }) =>
      remembering.verify(encodeURIComponent(cookie.parse(header)['connect.sid']), secrets)
  },
  'the fingerprint of a session, by a copy without its cookie': {
    with: ({ session }) => fingerprint(session),
    without: ({ session }) => JSON.stringify(session, (key, value) => (key === 'cookie' ? undefined : value))
  },
  'an unchanged session, compared with a copy': {
    with: ({ session }) => snapshotAgain(session, snapshot(session)),
    without: ({ session }) => fingerprint(session) === fingerprint(session)
  },
  'a signature': {
    with: ({ id }) => hmac.base64(id).slice(0, -1),
    without: ({ id }) => sign(id, 'one')
  },
  'the fingerprint of a loaded session, cut out of its JSON': {
    with: ({ json }) => json.data,
    without: ({ session }) => fingerprint(session)
  },
  'the expiry of a loaded session, known with its JSON': {
    with: ({ json }) => new Date(json.expiry),
    without: ({ expires }) => new Date(expires)
  },
  'the JSON of a cookie': {
    with: ({ session }) => cookieJson(session.cookie),
    without: ({ session }) => JSON.stringify(session.cookie)
  },
  'the JSON of a touched session': {
    with: ({ json, session }) => json.withCookie(session.cookie),
    without: ({ json, session }) => JSON.stringify({ ...JSON.parse(json.text), cookie: session.cookie })
  },
  'the cookie of a stored session, usual attributes set by name': {
    with: ({ stored }) => new Cookie(stored),
    without: ({ stored }) => setByVariable(new Cookie(), stored)
  },
  'the text of Set-Cookie': {
    with: ({ value, session }) => setCookie.text(value, session.cookie.data),
    without: ({ value, session }) => cookie.serialize('connect.sid', value, session.cookie.data)
  }
}

function setByVariable(cookie, attributes) {
  for (const name in attributes) cookie[name] = attributes[name]
  return cookie
}

/** Calls to a store are answered in a turn of the event loop, or at once: these are waited for. */
const calls = {
  'a call of the MemoryStore, but for the first of a request': {
    with: (_, done) => askStore(store, 'destroy', 'nobody', undefined, false, done),
    without: (_, done) => callStore(store, 'destroy', 'nobody', undefined, done)
  }
}

function timeOf(call) {
  const start = process.hrtime.bigint()
  for (let i = 0; i < CALLS; i++) call(visitors[i % VISITORS])
  return Number(process.hrtime.bigint() - start) / CALLS / 1000
}

async function timeOfAnswered(call) {
  const start = process.hrtime.bigint()
  for (let i = 0; i < CALLS; i += 50) {
    await new Promise((resolve) => {
      let waiting = 50
      for (let n = 0; n < 50; n++) call(visitors[(i + n) % VISITORS], () => --waiting || resolve())
    })
  }
  return Number(process.hrtime.bigint() - start) / CALLS / 1000
}

async function compare(part, time) {
  const rounds = { with: [], without: [] }
  for (let round = 0; round < ROUNDS; round++) {
    for (const way of ['with', 'without']) rounds[way].push(await time(part[way]))
  }
  return [median(rounds.with), median(rounds.without)]
}

async function main() {
  console.log(`Node ${process.version}, microseconds a call: with, without`)
  for (const [name, part] of Object.entries(parts)) print(name, await compare(part, timeOf))
  for (const [name, part] of Object.entries(calls)) print(name, await compare(part, timeOfAnswered))
}

function print(name, [withIt, without]) {
  console.log(`  ${name.padEnd(60)} ${withIt.toFixed(2).padStart(6)} ${without.toFixed(2).padStart(6)}`)
}

main()
