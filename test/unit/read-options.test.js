'use strict'

// The options are read once: what is left out has a default, and what is wrong is a TypeError that names it.

const assert = require('node:assert/strict')
const { readOptions } = require('../../dist/options.js')
const { Store } = require('../../dist/stores/store.js')
const { MemoryStore } = require('../../dist/stores/memory-store.js')

const usual = { secret: 'key', resave: false, saveUninitialized: false }

function read(options) {
  const notices = []
  return { settings: readOptions(options, (notice) => notices.push(notice)), notices }
}

const settingsOf = (options) => read({ ...usual, ...options }).settings

describe('the options, as they are read,', () => {
  it('have defaults', () => {
    const { store, genid, ...others } = settingsOf({})
    assert.ok(store instanceof MemoryStore)
    assert.match(genid(), /^[\w-]{32}$/)
    const expected = {
      cookie: {},
      name: 'connect.sid',
      proxy: undefined,
      rememberSignatures: true,
      resave: false,
      rolling: false,
      saveUninitialized: false,
      secrets: ['key'],
      touches: true,
      unset: 'keep'
    }
    // There may be more, which other tests are about.
    assert.deepEqual({ ...others, ...expected }, others)
  })

  it('have a notice for each default that nobody should rely on', () => {
    const { settings, notices } = read({})
    assert.deepEqual(notices, [
      'undefined resave option; provide resave option',
      'undefined saveUninitialized option; provide saveUninitialized option',
      'req.secret; provide secret option'
    ])
    assert.deepEqual([settings.resave, settings.saveUninitialized, settings.secrets], [true, true, undefined])
    assert.deepEqual(read(usual).notices, [])
  })

  it('are asked for truth', () => {
    const { resave, saveUninitialized, rolling, unset } = settingsOf({
      resave: 'yes',
      saveUninitialized: null,
      rolling: 1,
      unset: ''
    })
    assert.deepEqual([resave, saveUninitialized, rolling, unset], [true, false, true, 'keep'])
    assert.equal(settingsOf({ rememberSignatures: false }).rememberSignatures, false)
    assert.equal(settingsOf({ unset: 'destroy' }).unset, 'destroy')
  })

  it('have two names for the name', () => {
    const nameOf = (options) => settingsOf(options).name
    assert.equal(nameOf({ key: 'old' }), 'old')
    assert.equal(nameOf({ key: 'old', name: 'new' }), 'new')
    assert.equal(nameOf({ key: '', name: '' }), 'connect.sid')
  })

  it("keep the app's own array of secrets, which it may change", () => {
    const secret = ['new', 'old']
    assert.equal(settingsOf({ secret }).secrets, secret)
    const bytes = Buffer.from('key')
    assert.deepEqual(settingsOf({ secret: bytes }).secrets, [bytes])
  })

  it('know whether the store has a touch', () => {
    class Plain extends Store {}
    class Touching extends Store {
      touch() {}
    }
    assert.equal(settingsOf({ store: new Plain() }).touches, false)
    assert.equal(settingsOf({ store: new Touching() }).touches, true)
  })

  for (const [options, message] of [
    [{ genid: 'text' }, 'genid option must be a function'],
    [{ unset: 'forget' }, 'unset option must be "destroy" or "keep"'],
    [{ secret: [] }, 'secret option array must contain one or more strings'],
    [{ cookie: 'text' }, 'argument options must be a object'],
    [{ cookie: { maxAge: '1d' } }, 'cookie.maxAge option must be a number of milliseconds, not 1d (string)'],
    [{ cookie: { maxAge: NaN } }, 'cookie.maxAge option must be a number of milliseconds, not NaN (number)'],
    [
      { cookie: { maxAge: true } },
      'cookie.maxAge option must be a number of milliseconds, not true (boolean)'
    ],
    [{ cookie: { expires: 'soon' } }, 'cookie.expires option must be a Date, not soon (string)'],
    [{ cookie: { expires: 5 } }, 'cookie.expires option must be a Date, not 5 (number)'],
    [{ cookie: { maxAge: 1, expires: 5 } }, 'cookie.expires option must be a Date, not 5 (number)'],
    [{ cookie: { expires: 5, maxAge: undefined } }, 'cookie.expires option must be a Date, not 5 (number)'],
    [
      { cookie: { expires: 5, maxAge: '1d' } },
      'cookie.maxAge option must be a number of milliseconds, not 1d (string)'
    ]
  ]) {
    it(`are refused: ${message}`, () => {
      assert.throws(() => settingsOf(options), { name: 'TypeError', message })
    })
  }

  for (const name of [
    'cacheControl',
    'clearCookie',
    'hashSessionIds',
    'refreshCookie',
    'rememberSignatures'
  ]) {
    it(`take ${name} as true, false or none`, () => {
      for (const value of [true, false, undefined]) {
        assert.equal(settingsOf({ [name]: value })[name], value ?? name === 'rememberSignatures')
      }
      for (const [wrong, shown] of [
        [0, '0'],
        [null, 'null'],
        ['no', "'no'"],
        [NaN, 'NaN'],
        [{}, '{}']
      ]) {
        const message = `${name} option must be true or false, not ${shown}`
        assert.throws(() => settingsOf({ [name]: wrong }), { name: 'TypeError', message })
      }
    })
  }

  describe('about times', () => {
    for (const name of ['absoluteTimeout', 'storeTimeout', 'touchInterval']) {
      it(`take ${name} in milliseconds, a positive, finite number, or none`, () => {
        for (const time of [1, 0.5, 60_000, Number.MAX_VALUE, undefined]) {
          assert.equal(settingsOf({ [name]: time })[name], time)
        }
        for (const [wrong, shown] of [
          [0, '0'],
          [-1, '-1'],
          [NaN, 'NaN'],
          [Infinity, 'Infinity'],
          ['1h', "'1h'"],
          ['60000', "'60000'"],
          [null, 'null'],
          [true, 'true'],
          [60n, '60n'],
          [{ hours: 1 }, '{ hours: 1 }'],
          [[60_000], '[ 60000 ]'],
          [new Date(5), '1970-01-01T00:00:00.005Z'],
          [Symbol('hour'), 'Symbol(hour)'],
          [() => 5, '[Function (anonymous)]']
        ]) {
          assert.throws(() => settingsOf({ [name]: wrong }), {
            name: 'TypeError',
            message: `${name} option must be a positive, finite number of milliseconds, not ${shown}`
          })
        }
      })
    }
  })

  it('may leave out, or set to any date, when the cookie expires', () => {
    for (const cookie of [
      () => 'decided later',
      { maxAge: null },
      { maxAge: 0 },
      { maxAge: '' },
      { maxAge: -1 },
      { maxAge: Infinity },
      { maxAge: new Date() },
      { expires: null },
      { expires: '' },
      { expires: new Date() },
      { expires: new Date(NaN) },
      { expires: 5, maxAge: 1000 },
      { expires: 'soon', maxAge: null }
    ]) {
      assert.equal(settingsOf({ cookie }).cookie, cookie)
    }
  })
})
