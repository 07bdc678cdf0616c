'use strict'

// A server with deviceBound asks browsers for proofs in the way that they understand, whatever else it may be asked: wrong
// proofs are 400, a store that fails is 503, and no answer ends a session that could go on.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const { createHmac, createSecretKey, randomBytes } = require('node:crypto')
const diagnostics = require('node:diagnostics_channel')
const http = require('node:http')
const http2 = require('node:http2')
const compression = require('compression')
const express = require('express')
const { stopClock } = require('../support/clock')
const { DeviceBrowser, encode, makeKey, makeProof } = require('../support/device-browser')
const { boundVisitor, serveBound, storedIn } = require('../support/device-app')
const { closeAll, listen, session, usual, visit, warningsDuring } = require('../support/harness')

const SECOND = 1000
const MINUTE = 60_000

let clock

/** Stops the clock for each test of a group. */
function stopTheClock() {
  beforeEach(() => {
    clock = stopClock()
  })

  afterEach(async () => {
    clock.restore()
    await closeAll()
  })
}

/** A visitor who has logged in and been offered to register, and sends proofs of the test's making. */
async function offered(options) {
  const served = await serveBound(options)
  const browser = served.browser()
  browser.registersAtOnce = false
  const login = await browser.page('/login')
  const register = (proof, headers) =>
    browser.send({
      path: login.offer.path,
      method: 'POST',
      headers: { ...(proof !== undefined && { 'secure-session-response': proof }), ...headers }
    })
  return { ...served, newBrowser: served.browser, browser, login, challenge: login.offer.challenge, register }
}

/** A bound visitor, with what a refresh is made of. */
async function refreshing(options) {
  const visitor = await boundVisitor(options)
  const [deviceSession] = visitor.browser.deviceSessions.values()
  const { id, key, refreshUrl } = deviceSession
  const refresh = (proof, headers) =>
    visitor.browser.send({
      path: refreshUrl,
      method: 'POST',
      headers: {
        'sec-secure-session-id': id,
        ...(proof !== undefined && { 'secure-session-response': proof }),
        ...headers
      }
    })
  const challenge = async () => /^"([^"]+)"/.exec((await refresh()).headers['secure-session-challenge'])[1]
  return { ...visitor, deviceSession, id, key, refresh, challenge }
}

describe('a proof', () => {
  stopTheClock()

  const es256 = makeKey()
  const rs256 = makeKey('RS256')

  for (const key of [es256, rs256]) {
    it(`of ${key.algorithm} registers, bare and in quotes, and refreshes`, async () => {
      for (const isQuoted of [false, true]) {
        const served = await serveBound()
        const browser = served.browser({ algorithm: key.algorithm, isQuoted })
        await browser.page('/login')
        await browser.page('/')
        clock.tick(10 * MINUTE)
        assert.equal(JSON.parse((await browser.page('/')).body).user, 'ada')
        assert.deepEqual(browser.takeAsked(), ['register 200', 'refresh 403', 'refresh 200'])
      }
    })
  }

  it('may say more than it has to', async () => {
    const { challenge, register } = await offered()
    const payload = { aud: 'https://example.com', iat: 1, sub: 'x', key: {} }
    assert.equal((await register(makeProof(es256, challenge, { withKey: true, payload }))).status, 200)
  })

  const withKey = true
  const offCurve = { ...es256.jwk, y: Buffer.alloc(32, 7).toString('base64url') }
  const wrong = {
    'of another type': (c) => makeProof(es256, c, { withKey, header: { typ: 'JWT' } }),
    'of no type': (c) => makeProof(es256, c, { withKey, header: { typ: undefined } }),
    'without an algorithm': (c) => makeProof(es256, c, { withKey, header: { alg: 'none' }, signature: '' }),
    'with the algorithm none': (c) => makeProof(es256, c, { withKey, header: { alg: 'none' } }),
    'with the algorithm HS256': (c) => macProof(c),
    'with an RSA key for ES256': (c) => makeProof(es256, c, { header: { jwk: rs256.jwk } }),
    'with an EC key for RS256': (c) => makeProof(rs256, c, { header: { jwk: es256.jwk } }),
    'that says RS256, and is signed by ES256': (c) =>
      makeProof(es256, c, { withKey, header: { alg: 'RS256' } }),
    'without a key': (c) => makeProof(es256, c),
    'with a key of null': (c) => makeProof(es256, c, { header: { jwk: null } }),
    'with a list for a key': (c) => makeProof(es256, c, { header: { jwk: [] } }),
    'with an empty key': (c) => makeProof(es256, c, { header: { jwk: {} } }),
    'with a key that is none of its own': (c) => makeProof(es256, c, { header: { jwk: makeKey().jwk } }),
    'with a point beside the curve': (c) => makeProof(es256, c, { header: { jwk: offCurve } }),
    'with a short coordinate': (c) => makeProof(es256, c, { header: { jwk: { ...es256.jwk, x: 'AQAB' } } }),
    'with another curve': (c) => makeProof(es256, c, { header: { jwk: { ...es256.jwk, crv: 'P-384' } } }),
    'with 1024 bits of RSA': (c) => makeProof(makeKey('RS256', { modulusLength: 1024 }), c, { withKey }),
    'with an exponent of 3': (c) => makeProof(makeKey('RS256', { publicExponent: 3 }), c, { withKey }),
    'with a modulus of 8192 bits': (c) =>
      makeProof(rs256, c, {
        header: { jwk: { ...rs256.jwk, n: Buffer.alloc(1024, 0xff).toString('base64url') } }
      }),
    'with a modulus that begins with nothing': (c) =>
      makeProof(rs256, c, { header: { jwk: { ...rs256.jwk, n: Buffer.alloc(256).toString('base64url') } } }),
    'with a private EC key': (c) => makeProof(es256, c, { header: { jwk: privateJwk(es256) } }),
    'with a private RSA key': (c) => makeProof(rs256, c, { header: { jwk: privateJwk(rs256) } }),
    'with a prime of its RSA key': (c) =>
      makeProof(rs256, c, { header: { jwk: { ...rs256.jwk, p: privateJwk(rs256).p } } }),
    'with a signature in DER': (c) => makeProof(es256, c, { withKey, dsaEncoding: 'der' }),
    'with an empty signature': (c) => makeProof(es256, c, { withKey, signature: '' }),
    'with a signature of nothing': (c) =>
      makeProof(es256, c, { withKey, signature: encode(Buffer.alloc(64).toString()) }),
    'that must be understood in a way that it is not': (c) =>
      makeProof(es256, c, { withKey, header: { crit: ['x'] } }),
    'of four parts': (c) => `${makeProof(es256, c, { withKey })}.x`,
    'of two parts': (c) => makeProof(es256, c, { withKey }).split('.').slice(0, 2).join('.'),
    'with a header that is no object': (c) => makeProof(es256, c).replace(/^[^.]+/, encode('"text"')),
    'with a payload that is a list': (c) =>
      makeProof(es256, c, { withKey }).replace(/\.[^.]+\./, `.${encode('[]')}.`),
    'with a challenge that is no text': () => makeProof(es256, 12, { withKey }),
    'with no challenge': () => makeProof(es256, undefined, { withKey }),
    'for no challenge of this server': () => makeProof(es256, 'x'.repeat(100), { withKey }),
    'of padded base64': (c) => `${makeProof(es256, c, { withKey })}==`,
    'with half a quote': (c) => makeProof(es256, c, { withKey }).replace('.', '".'),
    'that is empty': () => '',
    'that is missing': () => undefined,
    'that is junk': () => 'junk, and more of it; q=1',
    'of 16 KB': (c) => makeProof(es256, c, { withKey, payload: { more: 'x'.repeat(12_000) } })
  }

  it('is refused with 400, and never more, if it is anything else', async () => {
    const { challenge, register, errors } = await offered()
    for (const [what, make] of Object.entries(wrong)) {
      const answer = await register(make(challenge))
      assert.deepEqual([what, answer.status, answer.setCookie], [what, 400, []])
      assert.equal(answer.headers['cache-control'], 'no-store')
    }
    assert.equal((await register(makeProof(es256, challenge, { withKey }))).status, 200)
    assert.deepEqual(errors, [])
  })

  it('is refused likewise at a refresh, where it must not bring a key', async () => {
    const { challenge, refresh, key, id } = await refreshing()
    const good = await challenge()
    const thief = makeKey()
    const elsewhere = {
      'that is signed by another key': makeProof(thief, good),
      'with a key': makeProof(key, good, { withKey })
    }
    for (const [what, proof] of Object.entries(elsewhere))
      assert.equal((await refresh(proof)).status, 400, what)
    for (const [what, make] of Object.entries(wrong)) {
      const proof = make(good)
      if (proof === undefined || what === 'without a key' || /challenge/.test(what)) continue
      assert.equal((await refresh(proof)).status, 400, what)
    }
    for (const [what, other] of [
      ['nobody', id.slice(1)],
      ['twice', `${id}, ${id}`],
      ['long', 'x'.repeat(9000)],
      ['no', '']
    ]) {
      assert.equal(
        (await refresh(makeProof(key, good), { 'sec-secure-session-id': other })).status,
        400,
        what
      )
    }
    assert.equal((await refresh(makeProof(key, good))).status, 200)
  })

  function privateJwk({ privateKey }) {
    return privateKey.export({ format: 'jwk' })
  }

  function macProof(challenge) {
    const text = `${encode({ alg: 'HS256', jwk: es256.jwk, typ: 'dbsc+jwt' })}.${encode({ jti: challenge })}`
    return `${text}.${createHmac('sha256', es256.jwk.x).update(text).digest('base64url')}`
  }
})

describe('an offer to bind a session', () => {
  stopTheClock()

  it('is made on whatever answers the login', async () => {
    for (const status of [200, 204, 302, 304, 401]) {
      const { browser } = await serveBound()
      assert.ok((await browser().page(`/login?status=${status}`)).offer, String(status))
      assert.ok((await browser().fetch(`/login?status=${status}`)).offer, String(status))
    }
  })

  it('is made to those that `when` says, on secure requests, and not twice in a minute', async () => {
    const { browser, visit } = await serveBound()
    const ada = browser()
    ada.registersAtOnce = false
    assert.equal((await ada.page('/write')).offer, undefined)
    assert.ok((await ada.page('/login')).offer)
    assert.equal(ada.cookie('connect.sid.bound'), 'offered')
    assert.equal((await ada.page('/')).offer, undefined)
    clock.tick(MINUTE)
    assert.equal((await ada.fetch('/')).offer, undefined)
    assert.equal(
      (await visit({ cookie: ada.cookies(), headers: { 'sec-fetch-dest': 'document' } })).offer,
      undefined
    )
    assert.ok((await ada.page('/')).offer)
    assert.equal((await ada.page('/')).offer, undefined)
  })

  it('waits for the next page when a session becomes one that is to be bound', async () => {
    const { browser } = await serveBound()
    const ada = browser()
    await ada.page('/write')
    assert.equal((await ada.fetch('/enter')).offer, undefined)
    assert.ok((await ada.page('/')).offer)
  })

  it('is not made of a session that is bound, has ended, or is not stored', async () => {
    const { browser } = await boundVisitor(
      { deviceBound: { when: () => true }, saveUninitialized: false },
      (app) => {
        app.get('/put-back', (req, res) => {
          const { session: ended } = req
          ended.destroy(() => {
            req.session = ended
            res.end()
          })
        })
      }
    )
    browser.jar.delete('connect.sid.bound')
    browser.deviceSessions.clear()
    assert.equal((await browser.page('/')).offer, undefined)
    assert.equal((await browser.page('/put-back')).offer, undefined)
    const stranger = (await serveBound({ deviceBound: { when: () => true } })).browser()
    assert.equal((await stranger.page('/')).offer, undefined)
  })

  it('tells the app of an error in its own `when`, and answers all the same', async () => {
    const when = () => {
      throw new Error('when')
    }
    const { browser, errors } = await serveBound({ deviceBound: { when } })
    const login = await browser().page('/login')
    assert.deepEqual([login.status, login.offer], [200, undefined])
    assert.deepEqual(errors.map(String), ['Error: when'])
  })

  const promises = {
    'is fulfilled': async () => false,
    'is rejected': async () => Promise.reject(new Error('database away')),
    'is not of the language': () => ({ then: (fulfil, reject) => reject?.(new Error('database away')) })
  }
  for (const [what, given] of Object.entries(promises)) {
    it(`takes no promise that ${what}: it is made to nobody, and the app is told`, async () => {
      const asked = (option) =>
        `TypeError: the function of the ${option} option must return a value, not a promise`
      const told = await serveBound({ deviceBound: { when: given } })
      const login = await told.browser().page('/login')
      assert.deepEqual([login.status, login.offer], [200, undefined])
      assert.deepEqual(told.errors.map(String), [asked('deviceBound.when')])

      let isAsync = false
      const user = (session) => (isAsync ? given() : session.user)
      const { browser, errors } = await serveBound({ user, deviceBound: { when: undefined } })
      const ada = browser()
      ada.registersAtOnce = false
      await ada.page('/login')
      ada.jar.delete('connect.sid.bound')
      isAsync = true
      assert.equal((await ada.page('/')).offer, undefined)
      assert.ok(
        errors.some((error) => String(error) === asked('user')),
        errors.join()
      )
    })
  }

  it('is not made to nobody: an empty text is no user', async () => {
    const user = (session) => session.user ?? ''
    const { browser } = await serveBound({ user, deviceBound: { when: undefined } })
    assert.equal((await browser().page('/write')).offer, undefined)
    assert.ok((await browser().page('/login')).offer)
  })

  it('stands beside those of the app', async () => {
    const { browser } = await serveBound({}, (app) => {
      app.get('/federated', (req, res) => {
        req.session.user = 'ada'
        res.set('Secure-Session-Registration', '(ES256);path="/other";challenge="x"').end()
      })
    })
    const ada = browser()
    ada.registersAtOnce = false
    const { headers } = await ada.page('/federated')
    assert.match(headers['secure-session-registration'], /^\(ES256\);path="\/other".*, \(ES256 RS256\)/)
  })

  it('is good for five minutes, for one session, and for nothing else', async () => {
    const key = makeKey()
    const { challenge, register, browser, newBrowser } = await offered()
    const proof = makeProof(key, challenge, { withKey: true })
    const stranger = newBrowser()
    await stranger.page('/login?as=eve')
    browser.jar.set('connect.sid', stranger.jar.get('connect.sid'))
    assert.equal((await register(proof)).status, 400, 'with the cookie of another session')
    browser.jar.set('connect.sid', { value: 's%3Aforged.x', end: Infinity })
    assert.equal((await register(proof)).status, 200, 'with a cookie that nobody has signed')
    browser.jar.clear()
    clock.tick(5 * MINUTE)
    assert.equal((await register(proof)).status, 200, 'in time')
    clock.tick(1)
    assert.equal((await register(proof)).status, 400, 'too late')
  })

  it('is refused once the session is bound, or gone', async () => {
    const { store, newBrowser } = await boundVisitor()
    const second = newBrowser()
    second.registersAtOnce = false
    await second.page('/login')
    const [offer] = second.offers
    assert.equal((await second.register(offer)).status, 200)
    await second.page('/')
    assert.equal((await second.register(offer)).status, 400)

    const third = newBrowser()
    third.registersAtOnce = false
    await third.page('/login')
    store.sessions = {}
    assert.equal((await third.register(third.offers[0])).status, 400)
  })
})

describe('a refresh', () => {
  stopTheClock()

  it('asks again for what is too old, or was asked of another', async () => {
    const { challenge, refresh, key, id } = await refreshing()
    const good = await challenge()
    const other = await refreshing()
    const foreign = await other.challenge()
    for (const [what, asked] of [
      ['of another', foreign],
      ['made up', `${Date.now()}.${'x'.repeat(43)}`],
      ['no text of this kind', 'x']
    ]) {
      const answer = await refresh(makeProof(key, asked))
      assert.equal(answer.status, 403, what)
      assert.ok(answer.headers['secure-session-challenge'].endsWith(`;id="${id}"`))
    }
    clock.tick(2 * MINUTE)
    assert.equal((await refresh(makeProof(key, good))).status, 200)
    clock.tick(1)
    assert.equal((await refresh(makeProof(key, good))).status, 403)
  })

  it('may be asked for twice at once', async () => {
    const { challenge, refresh, key } = await refreshing()
    const proof = makeProof(key, await challenge())
    const answers = await Promise.all([refresh(proof), refresh(proof)])
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200]
    )
  })

  it('ends when the browser has come to another session', async () => {
    const { browser, refresh, newBrowser, id } = await refreshing()
    const other = newBrowser()
    await other.page('/login?as=grace')
    browser.jar.set('connect.sid', other.jar.get('connect.sid'))
    const answer = await refresh()
    assert.deepEqual(JSON.parse(answer.body), { session_identifier: id, continue: false })
  })

  it('ends with the absolute timeout', async () => {
    const { browser, refresh } = await refreshing({ absoluteTimeout: 60 * MINUTE })
    clock.tick(59 * MINUTE)
    assert.equal(JSON.parse((await browser.page('/')).body).user, 'ada')
    clock.tick(MINUTE)
    assert.equal(JSON.parse((await refresh()).body).continue, false)
  })

  it('is 503, and no end, while the store fails, is slow, or says it is gone', async () => {
    const { store, challenge, refresh, key, browser, whoIs } = await refreshing({ storeTimeout: 30 })
    const proof = makeProof(key, await challenge())
    const { get } = store
    const failing = {
      fails: (sid, callback) => setImmediate(callback, new Error('store')),
      throws: () => {
        throw new Error('store')
      },
      hangs: () => {},
      'has no cookie': (sid, callback) => setImmediate(callback, null, { user: 'ada' })
    }
    for (const [what, method] of Object.entries(failing)) {
      store.get = method
      const answer = await refresh(proof)
      assert.deepEqual([what, answer.status, answer.setCookie], [what, 503, []])
    }
    store.get = get
    store.emit('disconnect')
    assert.equal((await refresh(proof)).status, 503)
    store.emit('connect')
    assert.equal((await refresh(proof)).status, 200)
    assert.equal((await whoIs(browser.cookies())).user, 'ada')
  })

  it('ends when the store has no such session any more', async () => {
    const { store, refresh } = await refreshing()
    store.get = (sid, callback) =>
      setImmediate(callback, Object.assign(new Error('gone'), { code: 'ENOENT' }))
    assert.equal(JSON.parse((await refresh()).body).continue, false)
  })

  it('goes on under an older secret, and everything with it', async () => {
    const secret = ['old']
    const { browser } = await refreshing({ secret })
    secret.unshift('new')
    clock.tick(5 * MINUTE)
    assert.equal(JSON.parse((await browser.page('/')).body).user, 'ada')
    clock.tick(5 * MINUTE)
    assert.equal(JSON.parse((await browser.page('/')).body).user, 'ada')
    secret.pop()
    assert.equal(JSON.parse((await browser.page('/')).body).user, undefined)
  })

  it('works with secrets of all kinds', async () => {
    const bytes = randomBytes(32)
    for (const secret of [bytes, new Uint8Array(bytes), createSecretKey(bytes)]) {
      const { browser } = await refreshing({ secret })
      clock.tick(10 * MINUTE)
      assert.equal(JSON.parse((await browser.page('/')).body).user, 'ada')
    }
  })
})

describe('clocks that differ by half a minute', () => {
  stopTheClock()

  for (const skew of [-30 * SECOND, 30 * SECOND]) {
    it(`do no harm: ${skew / SECOND} seconds`, async () => {
      const { browser, challenge, register } = await offered()
      clock.setSystemTime(Date.now() + skew)
      const key = makeKey()
      const answer = await register(makeProof(key, challenge, { withKey: true }))
      browser.follow(JSON.parse(answer.body), key, answer)
      assert.equal(answer.status, 200)
      clock.setSystemTime(Date.now() - skew)
      assert.equal(JSON.parse((await browser.page('/')).body).isBound, true)
      clock.setSystemTime(Date.now() + skew)
      assert.equal(JSON.parse((await browser.page('/')).body).user, 'ada')
    })
  }

  it('never have the server find old what the browser finds fresh', async () => {
    for (const [lifetime, maxAge] of [
      [10 * MINUTE, 570],
      [MINUTE, 54],
      [5 * SECOND, 4],
      [500, 1]
    ]) {
      const { browser } = await boundVisitor({ deviceBound: { lifetime } })
      assert.match(browser.jar.get('connect.sid.bound').text, new RegExp(`; Max-Age=${maxAge}$`))
    }
  })
})

describe('what a browser is told to do', () => {
  stopTheClock()

  const instructionsOf = async (options) => (await refreshing(options)).deviceSession.instructions

  it('is what the options say', async () => {
    const plain = await instructionsOf()
    assert.deepEqual(
      { ...plain, session_identifier: plain.session_identifier.length },
      {
        session_identifier: 136,
        refresh_url: '/dbsc/refresh',
        scope: { include_site: false, scope_specification: [] },
        credentials: [{ type: 'cookie', name: 'connect.sid.bound', attributes: 'Path=/; HttpOnly; Secure' }],
        allowed_refresh_initiators: ['*']
      }
    )
    const all = await instructionsOf({
      name: 'sid',
      cookie: { path: '/', domain: 'example.com', sameSite: 'lax', httpOnly: false },
      deviceBound: {
        path: '/auth/device',
        exclude: ['/static'],
        initiators: ['*.example.com'],
        site: 'https://example.com'
      }
    })
    assert.deepEqual(
      { ...all, session_identifier: undefined },
      {
        session_identifier: undefined,
        refresh_url: '/auth/device/refresh',
        scope: {
          origin: 'https://example.com',
          include_site: true,
          scope_specification: [{ type: 'exclude', domain: '*', path: '/static' }]
        },
        credentials: [
          {
            type: 'cookie',
            name: 'sid.bound',
            attributes: 'Domain=example.com; Path=/; Secure; SameSite=Lax'
          }
        ],
        allowed_refresh_initiators: ['*.example.com']
      }
    )
  })

  it('lets no other site time a session that is sent with all requests', async () => {
    const { allowed_refresh_initiators: initiators } = await instructionsOf({
      cookie: { sameSite: 'none', secure: true }
    })
    assert.deepEqual(initiators, [])
  })

  it('fits a cookie of a __Host- name, and one below a path', async () => {
    const host = await instructionsOf({ name: '__Host-sid', cookie: { secure: true, path: '/' } })
    assert.equal(host.credentials[0].name, '__Host-sid.bound')

    const served = await serveBound({ cookie: { path: '/shop' } }, (app) => {
      app.get('/shop/login', (req, res) => {
        req.session.user = 'ada'
        res.end()
      })
    })
    const browser = served.browser()
    const login = await browser.page('/shop/login')
    assert.equal(login.offer.path, '/shop/dbsc/register')
    assert.deepEqual(browser.takeAsked(), ['register 200'])
    const [{ instructions }] = browser.deviceSessions.values()
    assert.match(instructions.credentials[0].attributes, /^Path=\/shop;/)
  })

  it('works where the app is mounted below a path, as the browser sees it', async () => {
    const inner = express().use(
      session({
        ...usual,
        proxy: true,
        cookie: { path: '/inner' },
        deviceBound: { when: () => true }
      }),
      (req, res) => {
        req.session.user = 'ada'
        res.end()
      }
    )
    const served = await listen(http.createServer(express().use('/inner', inner)))
    const browser = new DeviceBrowser(served.visit)
    await browser.page('/inner/login')
    assert.deepEqual(browser.takeAsked(), ['register 200'])
  })

  it('arrives where others have wrapped the response, and by HTTP/2', async () => {
    const options = { ...usual, proxy: true, deviceBound: { when: () => true } }
    const answer = (req, res) => {
      req.session.user = 'ada'
      res.setHeader('Content-Type', 'text/plain')
      res.end('x'.repeat(5000))
    }
    const wrapped = express().use(compression(), session(options), answer)
    const served = await listen(http.createServer(wrapped))
    const browser = new DeviceBrowser(served.visit)
    assert.equal(
      (await browser.page('/', { headers: { 'accept-encoding': 'gzip' } })).headers['content-encoding'],
      'gzip'
    )
    assert.deepEqual(browser.takeAsked(), ['register 200'])

    const middleware = session(options)
    const server = http2.createServer((req, res) => middleware(req, res, () => answer(req, res)))
    const overHttp2 = await listen(server)
    const client = http2.connect(`http://127.0.0.1:${overHttp2.port}`)
    try {
      const second = new DeviceBrowser((request) => visitByHttp2(client, request))
      await second.page('/')
      assert.deepEqual(second.takeAsked(), ['register 200'])
    } finally {
      client.close()
    }
  })

  it('is at two paths, by POST; all else below is the app’s own', async () => {
    const { visit } = await serveBound()
    for (const [method, path] of [
      ['POST', '/dbsc'],
      ['POST', '/dbsc/register/'],
      ['POST', '/other/dbsc/register']
    ]) {
      assert.equal((await visit({ method, path })).body, 'the app itself')
    }
    assert.equal((await visit({ path: '/dbsc/register' })).status, 200)
    assert.equal((await visit({ method: 'POST', path: '/dbsc/refresh?x=1' })).status, 400)
  })
})

/** One request by HTTP/2, and what came of it, as the harness has it. */
function visitByHttp2(client, { path, method, cookie, headers }) {
  return new Promise((resolve, reject) => {
    const stream = client.request({ ':path': path, ':method': method, ...headers, ...(cookie && { cookie }) })
    let head
    let body = ''
    stream.setEncoding('utf8')
    stream.on('response', (given) => (head = given))
    stream.on('data', (chunk) => (body += chunk))
    stream.on('error', reject)
    stream.on('end', () =>
      resolve({ status: head[':status'], headers: head, body, setCookie: head['set-cookie'] ?? [] })
    )
    stream.end()
  })
}

describe('a request that does not prove anything', () => {
  stopTheClock()

  it('says why, as far as the browser does', async () => {
    const { alone, whoIs } = await boundVisitor()
    clock.tick(11 * SECOND)
    for (const [header, skipped] of [
      ['quota_exceeded;session_identifier="x"', 'quota_exceeded'],
      ['unreachable', 'unreachable'],
      ['server_error, unreachable', 'server_error'],
      ['<script>', undefined],
      [undefined, undefined]
    ]) {
      const headers = header && { 'secure-session-skipped': header }
      const { reason, skipped: said } = await whoIs(alone, headers)
      assert.deepEqual([reason, said], ['unproven', skipped])
    }
  })

  it('is told to who listens, by a ref and no id', async () => {
    const messages = []
    const listener = (message) => messages.push(message)
    const { alone, whoIs } = await boundVisitor()
    clock.tick(11 * SECOND)
    diagnostics.subscribe('express-session:load', listener)
    try {
      await whoIs(alone)
    } finally {
      diagnostics.unsubscribe('express-session:load', listener)
    }
    assert.deepEqual(
      messages.map(({ outcome }) => outcome),
      ['unproven']
    )
    assert.match(messages[0].ref, /^[0-9a-f]{16}$/)
  })
})

describe('the option deviceBound', () => {
  stopTheClock()

  const when = () => true
  const make = (deviceBound, others) => session({ ...usual, ...others, deviceBound })

  it('is refused, by name and value, where it is wrong', () => {
    const wrong = {
      'deviceBound option must be an object, not true': [true],
      'deviceBound option must be an object, not null': [null],
      'deviceBound.when option must be a function of a session and its request, not undefined': [{}],
      "deviceBound.when option must be a function of a session and its request, not 'yes'": [{ when: 'yes' }],
      'deviceBound.lifetime option must be a positive, finite number of milliseconds, not 0': [
        { when, lifetime: 0 }
      ],
      "deviceBound.lifetime option must be a positive, finite number of milliseconds, not '1'": [
        { when, lifetime: '1' }
      ],
      'deviceBound.lifetime option must be a positive, finite number of milliseconds, not Infinity': [
        { when, lifetime: Infinity }
      ],
      "deviceBound.path option must be a path that begins with a slash and does not end with one, not 'dbsc'":
        [{ when, path: 'dbsc' }],
      "deviceBound.path option must be a path that begins with a slash and does not end with one, not '/a\"b'":
        [{ when, path: '/a"b' }],
      "deviceBound.path option must be a path as browsers ask for it, not '//host/dbsc'": [
        { when, path: '//host/dbsc' }
      ],
      "deviceBound.path option must be a path as browsers ask for it, not '/dbsc#top'": [
        { when, path: '/dbsc#top' }
      ],
      "deviceBound.path option must be a path as browsers ask for it, not '/shop/../dbsc'": [
        { when, path: '/shop/../dbsc' }
      ],
      "deviceBound.path option must lie below cookie.path (/shop), not '/dbsc'": [
        { when, path: '/dbsc' },
        { cookie: { path: '/shop' } }
      ],
      "deviceBound.name option must be a name of a cookie, not 'a b'": [{ when, name: 'a b' }],
      "deviceBound.name option must be another than the session cookie's, not 'connect.sid'": [
        { when, name: 'connect.sid' }
      ],
      "deviceBound.exclude option must be an array of paths, not '/static'": [{ when, exclude: '/static' }],
      "deviceBound.exclude option must be an array of paths, not [ 'static' ]": [
        { when, exclude: ['static'] }
      ],
      'deviceBound.initiators option must be an array of hosts, "*.host" or "*", not [ \'https://a.example\' ]':
        [{ when, initiators: ['https://a.example'] }],
      'deviceBound.site option must be an origin such as "https://example.com", not \'example.com\'': [
        { when, site: 'example.com' }
      ],
      'deviceBound.site option must be an origin such as "https://example.com", not \'http://example.com\'': [
        { when, site: 'http://example.com' }
      ],
      "deviceBound.site option must go with cookie.domain, without which no other origin has the cookie, not 'https://example.com'":
        [{ when, site: 'https://example.com' }],
      'deviceBound option cannot go with cookie.partitioned: browsers refuse to bind such a cookie': [
        { when },
        { cookie: { partitioned: true } }
      ]
    }
    for (const [message, given] of Object.entries(wrong)) {
      assert.throws(() => make(...given), { name: 'TypeError', message })
    }
  })

  it('needs no `when` beside the option `user`', () => {
    assert.ok(make({}, { user: (session) => session.user }))
  })

  it('warns of a lifetime that uses up what browsers sign', async () => {
    const code = 'EXPRESS_SESSION_DEVICE_BOUND_LIFETIME'
    clock.restore()
    assert.deepEqual(await warningsDuring(() => make({ when, lifetime: 4 * MINUTE })), [code])
    assert.deepEqual(await warningsDuring(() => make({ when, lifetime: 5 * MINUTE })), [])
  })

  it('takes a cookie that is made for each request, and offers none that is partitioned', async () => {
    const { browser } = await boundVisitor({ cookie: () => ({ sameSite: 'lax' }) })
    assert.equal(browser.deviceSessions.size, 1)
    const partitioned = await serveBound({ cookie: () => ({ partitioned: true, secure: true }) })
    assert.equal((await partitioned.browser().page('/login')).offer, undefined)
  })

  it('loads nothing, sends nothing and refuses nothing while it is off', async () => {
    const script =
      "require('express-session')({ secret: 'x', resave: false, saveUninitialized: false });" +
      'console.log(Object.keys(require.cache).filter((file) => /dist.device/.test(file)).length)'
    assert.equal(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }).trim(), '0')

    const { alone, store } = await boundVisitor()
    const off = await serveBound({ store, deviceBound: false })
    assert.deepEqual(await off.whoIs(alone), { user: 'ada', id: 'id2', reason: 'found' })
    assert.equal((await visit(off.port, { method: 'POST', path: '/dbsc/refresh' })).status, 404)
    assert.equal((await off.browser().page('/login')).offer, undefined)
  })

  it('keeps its pin through a process that has it off, and refuses what is not proven after that', async () => {
    const { alone, store, whoIs } = await boundVisitor()
    const off = await serveBound({ store, deviceBound: false })
    await off.visit({ path: '/write', cookie: alone })
    clock.tick(11 * SECOND)
    assert.ok((await storedIn(store, 'id2')).__session.device)
    assert.equal((await whoIs(alone)).reason, 'unproven')
  })

  it('does not take the pin of another session for its own', async () => {
    const { alone, store, whoIs } = await boundVisitor()
    const stored = JSON.parse(store.sessions.id2)
    stored.__session.device.ref = '0123456789abcdef'
    store.sessions.id2 = JSON.stringify(stored)
    clock.tick(11 * SECOND)
    assert.deepEqual(await whoIs(alone), { user: 'ada', id: 'id2', reason: 'found', isBound: false })
  })

  it('bears what anybody may have put into the notes', async () => {
    const { alone, store, whoIs } = await boundVisitor()
    for (const device of [null, 1, 'x', [], {}, { kid: 1 }, { kid: 'x' }]) {
      const stored = JSON.parse(store.sessions.id2)
      stored.__session = { device }
      store.sessions.id2 = JSON.stringify(stored)
      assert.equal((await whoIs(alone)).user, 'ada')
    }
  })
})
