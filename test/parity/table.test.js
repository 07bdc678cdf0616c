'use strict'

// Under every combination of options, each thing that an app can do with a session does what it does with 1.19.0, but
// for the listed differences.

const assert = require('node:assert/strict')
const { useClocks } = require('./clock')
const { compare, unseen } = require('./compare')
const { cookies, endings, methods, operations, optionValues } = require('./conversation')

/** All ways to choose one of each. */
function combinations([first, ...others]) {
  if (!first) return [{}]
  const [name, values] = first
  return values.flatMap((value) => combinations(others).map((rest) => ({ [name]: value, ...rest })))
}

const allOptions = combinations(Object.entries(optionValues))

const request = (changes) => ({
  cookie: 'returning',
  operations: [],
  ending: 'send',
  failing: undefined,
  ...changes
})
const login = request({ operations: ['change'] })

/** Compares conversations under all options, some at a time: they are about waiting for stores and sockets. */
async function compareAll(...conversations) {
  const all = allOptions.flatMap((options) => conversations.map((requests) => ({ options, requests })))
  for (let i = 0; i < all.length; i += 16) await Promise.all(all.slice(i, i + 16).map(compare))
}

const isPlain = (name) => methods.includes(name) || !methods.includes(name.split(' ')[0])

describe('parity with express-session 1.19.0, under every combination of options', function () {
  this.timeout(120000)
  useClocks()

  for (const name of Object.keys(operations)) {
    for (const cookie of isPlain(name) ? ['returning', 'none'] : ['returning']) {
      it(`${name}, with a cookie that is: ${cookie}`, () =>
        compareAll([
          login,
          request({ cookie, operations: [name] }),
          request({ operations: ['changeNested'] })
        ]))
    }
  }

  for (const cookie of Object.keys(cookies)) {
    it(`with a cookie that is: ${cookie}`, () =>
      compareAll([login, request({ cookie }), request({ operations: ['change'] })]))
  }

  for (const ending of Object.keys(endings)) {
    it(`ended by ${ending}`, () =>
      compareAll(
        [request({ ending }), request({ ending, operations: ['change'] })],
        [login, request({ ending }), request({ ending, operations: ['change'] })]
      ))
  }

  for (const method of ['get', 'set', 'touch', 'destroy']) {
    it(`with a store whose ${method} fails`, () =>
      compareAll(
        ...['nothing', 'change', 'save', 'reload', 'destroy', 'regenerate', 'setNull'].map((name) => [
          login,
          request({ failing: { methods: [method] }, operations: [name] }),
          request({})
        ])
      ))
  }

  // What takes more than one step.
  const handlers = {
    'a cookie that changes after an explicit save': ['save', 'setMaxAge'],
    'an attribute that changes after an explicit save': ['change', 'save', 'setSameSite'],
    'an expiry that moves after an explicit save': ['save', 'touch'],
    'data that change after an explicit save': ['save', 'change'],
    'data that change while they are saved': ['change', 'save without waiting', 'changeNested'],
    'data that change back while they are saved': ['change', 'save without waiting', 'remove'],
    'a save after regenerate': ['regenerate', 'change', 'save'],
    'a cookie that changes after regenerate and save': ['regenerate', 'save', 'setMaxAge'],
    'a reload of what was saved after regenerate': ['regenerate', 'change', 'save', 'reload'],
    'a reload after a change': ['change', 'reload'],
    'a save under way when the session is destroyed': ['change', 'save without waiting', 'destroy'],
    'a save under way when the session is regenerated': ['change', 'save without waiting', 'regenerate'],
    'a change while the session is regenerated': ['regenerate without waiting', 'change'],
    'a touch while the session is regenerated': ['regenerate without waiting', 'touch'],
    'data that change back while the session is regenerated': [
      'change',
      'regenerate without waiting',
      'remove'
    ],
    'a reload that finds the session again while it is destroyed': [
      'reload without waiting',
      'destroy',
      'change'
    ],
    'all methods at once': methods.map((method) => `${method} without waiting`)
  }

  for (const [name, handler] of Object.entries(handlers)) {
    it(name, () =>
      compareAll([login, request({ operations: handler }), request({})], [request({ operations: handler })])
    )
  }

  it('a save after the end, while an earlier one is under way', () =>
    compareAll([
      login,
      request({ operations: ['save without waiting', 'changeNested'], ending: 'endAndSave' }),
      request({})
    ]))

  it('a reload that fails while the session is destroyed', () =>
    compareAll([
      login,
      request({ operations: ['reload without waiting', 'destroy'], failing: { methods: ['get'], from: 1 } })
    ]))

  it('a session that is regenerated several times at once, of which one fails', () =>
    compareAll(
      ...[1, 2, 3].map((from) => [
        login,
        request({
          operations: [...Array.from({ length: 3 }, () => 'regenerate without waiting'), 'change'],
          failing: { methods: ['destroy'], from, calls: 1 }
        }),
        request({})
      ])
    ))

  it('a save that fails, and what was there is loaded again', () =>
    compareAll([
      login,
      request({ operations: ['change', 'save', 'reload'], failing: { methods: ['set'], calls: 2 } }),
      request({})
    ]))

  it('shows every listed difference', () => {
    assert.deepEqual(unseen(), [])
  })
})
