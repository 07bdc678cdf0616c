'use strict'

// What another realm has made, as node:vm and jest's jsdom have their own, counts as what ours makes.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const vm = require('node:vm')
const session = require('express-session')
const { merge } = require('../../dist/session/merge.js')
const { whereNotJson } = require('../../dist/session/not-json.js')
const { closeAll, serve, unhandledDuring, usual } = require('../support/harness')

const realm = vm.createContext()
const foreign = (code) => vm.runInContext(code, realm)

describe('of another realm', () => {
  afterEach(closeAll)

  it('bytes are a key for encryption', () => {
    session({ ...usual, encryption: [foreign('new Uint8Array(32)'), Buffer.alloc(32)] })
    assert.throws(() => session({ ...usual, encryption: foreign('new Uint8Array(31)') }), /key of 32 bytes/)
  })

  it('a promise is no value for a merged key, and its rejection is its own affair', async () => {
    const unhandled = await unhandledDuring(() => {
      const resolve = () => foreign("Promise.reject(new Error('later'))")
      assert.throws(() => merge({ a: 1 }, { a: 2 }, { a: 3 }, resolve), /a value, not a promise/)
    })
    assert.deepEqual(unhandled, [])
  })

  it('a promise is no user id, and its rejection is its own affair', async () => {
    const unhandled = await unhandledDuring(async () => {
      const { visit, errors } = await serve(
        { user: () => foreign("Promise.reject(new Error('later'))") },
        (req, res) => {
          req.session.user = 'ada'
          res.end()
        }
      )
      await visit()
      assert.match(errors[0].message, /has given a promise/)
    })
    assert.deepEqual(unhandled, [])
  })

  it('an error for what JSON cannot hold says where that is', () => {
    const circle = { cart: {} }
    circle.cart.self = circle.cart
    const error = whereNotJson(foreign("new TypeError('a circle')"), circle, circle)
    assert.match(error.message, /^req\.session\.cart\.self .*: a circle$/)
  })

  it('an error says to DEBUG its name and code alone', () => {
    const { stderr } = spawnSync(
      process.execPath,
      [
        '-e',
        `const { debugFailure } = require('./dist/support/debug.js')
         const error = require('node:vm').runInNewContext("Object.assign(new RangeError('sess:key'), { code: 'EBAD' })")
         debugFailure('error %s', error)`
      ],
      {
        cwd: require('node:path').join(__dirname, '../..'),
        env: { ...process.env, DEBUG: 'express-session' },
        encoding: 'utf8'
      }
    )
    assert.match(stderr, /error RangeError EBAD/)
    assert.doesNotMatch(stderr, /sess:key/)
  })
})
