'use strict'

// Who sets DEBUG=express-session sees what happens to each session, and nothing that opens one: sessions are named by a `ref`
// that only who knows the id can compute.

const assert = require('node:assert/strict')
const { execFile, spawnSync } = require('node:child_process')
const { createHash } = require('node:crypto')
const path = require('node:path')
const { promisify } = require('node:util')
const { packageName } = require('../support/harness')

const run = promisify(execFile)

/** One request of a new visitor. */
const oneRequest = `
  const session = require('${packageName}')
  const middleware = session({ secret: 'x', resave: false, saveUninitialized: false })
  middleware({ headers: {}, url: '/', method: 'GET' }, {}, () => console.log('next'))`

function printedBy(env, text = oneRequest) {
  const options = { cwd: __dirname, encoding: 'utf8', env: { ...process.env, ...env } }
  return spawnSync(process.execPath, ['-e', text], options)
}

const refOf = (id) => createHash('sha256').update(id).digest('hex').slice(0, 16)

describe('DEBUG=express-session', () => {
  let printed, seen
  before(async () => {
    const env = { ...process.env, NODE_ENV: 'test', DEBUG: 'express-session', DEBUG_COLORS: 'no' }
    const script = path.join(__dirname, 'app-that-is-debugged.js')
    const { stdout, stderr } = await run(process.execPath, ['--no-warnings', script], { env })
    printed = stderr
    seen = JSON.parse(stdout)
  })

  it('tells of a whole visit', () => {
    const lines = printed.split('\n').filter((line) => line.includes('express-session'))
    assert.ok(lines.length > 20, printed)
    assert.ok(seen.ids.length >= 9)
    assert.ok(seen.cookies.length >= 9)
  })

  it('prints no session id', () => {
    for (const id of [...seen.ids, ...seen.asked]) assert.ok(!printed.includes(id), `${id} in ${printed}`)
    assert.ok(!printed.includes('an-id-that'), printed)
    assert.ok(!printed.includes('an-id-without'), printed)
  })

  it('prints no signed value, neither encoded nor decoded, nor its signature', () => {
    for (const cookie of seen.cookies) {
      const value = cookie.slice('connect.sid='.length)
      const decoded = decodeURIComponent(value)
      const signature = decoded.slice(decoded.lastIndexOf('.') + 1)
      for (const text of [value, decoded, signature, encodeURIComponent(signature)]) {
        assert.ok(!printed.includes(text), `${text} in ${printed}`)
      }
    }
  })

  it('names each session that the store was asked for by its ref', () => {
    assert.ok(seen.asked.length >= 6)
    for (const id of seen.asked) assert.ok(printed.includes(refOf(id)), `${refOf(id)} not in ${printed}`)
  })

  it('names no session by a ref that the middleware never had', () => {
    assert.ok(!printed.includes(refOf('an-id-that-somebody-has-forged')), printed)
  })

  it('tells what happens, and the request goes on', () => {
    const { stdout, stderr } = printedBy({ DEBUG: 'express-session' })
    assert.equal(stdout, 'next\n')
    assert.match(stderr, /express-session .*generating session/)
  })

  it('tells of a forged id, and of what the store says: its code, and no text with an id in it', () => {
    const { stderr } = printedBy(
      { DEBUG: 'express-session' },
      `
      const session = require('${packageName}')
      const { sign } = require('cookie-signature')
      const store = new session.MemoryStore()
      store.get = (sid, callback) => callback(Object.assign(new Error('no ' + sid), { code: 'EACCES' }))
      const middleware = session({ secret: 'x', resave: false, saveUninitialized: false, store })
      const visit = (value) =>
        middleware({ headers: { cookie: 'connect.sid=s:' + value }, url: '/', method: 'GET' }, {}, () => {})
      visit('the-id.forged')
      visit(sign('the-id', 'x'))`
    )
    assert.match(stderr, /SID sent is not signed by us, generating session/)
    assert.match(stderr, /error Error EACCES/)
    assert.doesNotMatch(stderr, /the-id/)
  })

  // What a store gives for an error need not be one, and its code and name may be anything.
  for (const [what, thrown, said] of [
    ['text', '`no session ${sid}`', 'of type string'],
    ['an object', '{ message: sid, key: sid }', 'of type object'],
    ['a function', 'Object.assign(() => {}, { key: sid })', 'of type function'],
    ['an error whose code is the id', "Object.assign(new Error('gone'), { code: sid })", 'Error'],
    ['an error whose code has the id in it', "Object.assign(new Error(), { code: 'NO_' + sid })", 'Error'],
    [
      'an error whose name is the id',
      "Object.assign(new TypeError(), { name: sid, code: '57P01' })",
      'Error 57P01'
    ],
    ['an error whose name is none', 'Object.assign(new Error(), { name: Symbol(sid), code: 5 })', 'Error'],
    [
      'an error of Node',
      "Object.assign(new RangeError(), { code: 'ERR_HTTP2_STREAM_ERROR' })",
      'RangeError ERR_HTTP2_STREAM_ERROR'
    ]
  ]) {
    it(`tells what kind of failure it is, without the id, where a store gives ${what}`, () => {
      // Long enough for one, and of capitals and digits alone, as codes are.
      for (const id of ['THE-ID', 'FSDG53K2N7QJ4M6ZXW5RT3BVAC', '0123456789'.repeat(3)]) {
        const { stdout, stderr } = printedBy(
          { DEBUG: 'express-session' },
          `
          const session = require('${packageName}')
          const { sign } = require('cookie-signature')
          const store = new session.MemoryStore()
          store.get = (sid, callback) => callback(${thrown})
          const middleware = session({ secret: 'x', resave: false, saveUninitialized: false, store })
          const headers = { cookie: 'connect.sid=s:' + sign('${id}', 'x') }
          middleware({ headers, url: '/', method: 'GET' }, {}, () => console.log('next'))`
        )
        assert.equal(stdout, 'next\n')
        assert.ok(
          stderr.split('\n').some((line) => line.replace(/ \+\d+ms$/, '').endsWith(`error ${said}`)),
          stderr
        )
        assert.ok(!stderr.includes(id), stderr)
      }
    })
  }

  it('tells nothing when it is not set', () => {
    const { stdout, stderr } = printedBy({ DEBUG: '' })
    assert.deepEqual([stdout, stderr], ['next\n', ''])
  })
})
