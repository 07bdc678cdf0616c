'use strict'

// A secret that changes in place counts from the next request on: what the old one has signed opens nothing any more.

const assert = require('node:assert/strict')
const { createSecretKey } = require('node:crypto')
const vm = require('node:vm')
const { sign } = require('cookie-signature')
const { JsonStore, closeAll, serve } = require('../support/harness')

const OLD = 'the old secret..'
const NEW = 'the new secret!!'

const realm = vm.createContext()
const foreign = (name, length) => vm.runInContext(`new ${name}(${length})`, realm)

/** Writes text into bytes of whatever kind. */
function write(bytes, text) {
  const { buffer = bytes, byteOffset = 0 } = bytes
  const view = new Uint8Array(buffer, byteOffset, OLD.length)
  view.set(Buffer.from(text))
  return bytes
}

/** Secrets that consist of bytes, which can change. */
const kinds = {
  'a Buffer': () => Buffer.alloc(OLD.length),
  'a part of a larger Buffer': () => Buffer.alloc(100).subarray(20, 20 + OLD.length),
  'a Uint8Array': () => new Uint8Array(OLD.length),
  'a Uint16Array': () => new Uint16Array(OLD.length / 2),
  'a DataView': () => new DataView(new ArrayBuffer(OLD.length)),
  'an ArrayBuffer': () => new ArrayBuffer(OLD.length),
  'an ArrayBuffer of another realm': () => foreign('ArrayBuffer', OLD.length),
  'a Uint8Array of another realm': () => foreign('Uint8Array', OLD.length),
  'a SharedArrayBuffer': () => new SharedArrayBuffer(OLD.length),
  'a SharedArrayBuffer of another realm': () => foreign('SharedArrayBuffer', OLD.length),
  'a Uint8Array on a SharedArrayBuffer': () => new Uint8Array(new SharedArrayBuffer(OLD.length))
}

const signedBy = (secret, id = 'id1') => `connect.sid=${encodeURIComponent('s:' + sign(id, secret))}`

/** Logs in; gives a function that says whom a cookie belongs to. */
async function afterLogin(options, setUp) {
  const { visit } = await serve(
    { store: new JsonStore(), ...options },
    (req, res) => {
      if (req.path === '/login') req.session.user = 'ada'
      res.send(String(req.session.user))
    },
    setUp
  )
  const { cookie } = await visit({ path: '/login' })
  const userOf = async (cookie) => (await visit({ cookie })).body
  // More than once: what has verified may be remembered.
  for (let i = 0; i < 3; i++) assert.equal(await userOf(cookie), 'ada')
  return { visit, cookie, userOf }
}

describe('a secret whose bytes change', () => {
  afterEach(closeAll)

  for (const [kind, make] of Object.entries(kinds)) {
    it(`counts as it is then: ${kind}`, async () => {
      const secret = write(make(), OLD)
      const { visit, cookie, userOf } = await afterLogin({ secret })
      assert.equal(cookie, signedBy(OLD))

      write(secret, NEW)
      assert.equal(await userOf(cookie), 'undefined')
      assert.equal(await userOf(signedBy(NEW)), 'ada')
      const next = await visit({ path: '/login' })
      assert.equal(next.cookie, signedBy(NEW, next.cookie.split('s%3A')[1].split('.')[0]))

      write(secret, OLD)
      assert.equal(await userOf(cookie), 'ada')
      assert.equal(await userOf(signedBy(NEW)), 'undefined')
    })

    it(`counts as it is then, as one of several: ${kind}`, async () => {
      const bytes = write(make(), OLD)
      const { userOf } = await afterLogin({ secret: ['first', bytes] })
      for (let i = 0; i < 3; i++) assert.equal(await userOf(signedBy(OLD)), 'ada')
      write(bytes, NEW)
      assert.equal(await userOf(signedBy(OLD)), 'undefined')
      assert.equal(await userOf(signedBy(NEW)), 'ada')
      assert.equal(await userOf(signedBy('first')), 'ada')
    })
  }

  it('that is the secret of the request counts as it is then', async () => {
    const secret = write(Buffer.alloc(OLD.length), OLD)
    const { cookie, userOf } = await afterLogin({ secret: undefined }, (app) => {
      app.use((req, res, next) => {
        req.secret = secret
        next()
      })
    })
    write(secret, NEW)
    assert.equal(await userOf(cookie), 'undefined')
    assert.equal(await userOf(signedBy(NEW)), 'ada')
  })
})

describe('an array of secrets that changes', () => {
  afterEach(closeAll)

  const changes = {
    'an element is replaced': [(secrets) => (secrets[0] = NEW), 'undefined'],
    'a new one comes first': [(secrets) => secrets.unshift(NEW), 'ada'],
    'a new one takes the place of all': [(secrets) => secrets.splice(0, Infinity, NEW), 'undefined'],
    'it is reversed': [(secrets) => secrets.splice(0, 2, NEW, OLD), 'ada'],
    'a key takes the place of text': [
      (secrets) => (secrets[0] = createSecretKey(Buffer.from(NEW))),
      'undefined'
    ],
    'a key comes first': [(secrets) => secrets.unshift(createSecretKey(Buffer.from(NEW))), 'ada']
  }

  for (const [what, [change, stillKnown]] of Object.entries(changes)) {
    it(`counts as it is then: ${what}`, async () => {
      const secrets = [OLD]
      const { visit, cookie, userOf } = await afterLogin({ secret: secrets })
      change(secrets)
      assert.equal(await userOf(cookie), stillKnown)
      assert.equal(await userOf(signedBy(NEW)), 'ada')
      const next = await visit({ path: '/login' })
      assert.equal(next.cookie, signedBy(NEW, next.cookie.split('s%3A')[1].split('.')[0]))
    })
  }

  it('forgets what a secret has signed as soon as that is taken out', async () => {
    const secrets = [NEW, OLD]
    const { userOf } = await afterLogin({ secret: secrets })
    for (let i = 0; i < 3; i++) assert.equal(await userOf(signedBy(OLD)), 'ada')
    secrets.pop()
    assert.equal(await userOf(signedBy(OLD)), 'undefined')
    secrets.push(OLD)
    assert.equal(await userOf(signedBy(OLD)), 'ada')
  })
})
