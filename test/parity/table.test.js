'use strict'

const { compare } = require('./compare')
const { cookies, endings, operations, optionValues } = require('./conversation')

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

/** Compares many conversations, some at a time: they are about waiting for stores and sockets. */
async function compareAll(conversations) {
  for (let i = 0; i < conversations.length; i += 16) {
    await Promise.all(conversations.slice(i, i + 16).map(compare))
  }
}

describe('parity with express-session 1.19.0, under every combination of options', function () {
  this.timeout(120000)

  for (const cookie of ['returning', 'none', 'tampered', 'unknown']) {
    for (const name of Object.keys(operations)) {
      it(`${name}, with a cookie that is: ${cookie}`, () =>
        compareAll(
          allOptions.map((options) => ({
            options,
            requests: [
              login,
              request({ cookie, operations: [name] }),
              request({ operations: ['changeNested'] })
            ]
          }))
        ))
    }
  }

  for (const cookie of Object.keys(cookies)) {
    it(`with a cookie that is: ${cookie}`, () =>
      compareAll(
        allOptions.map((options) => ({
          options,
          requests: [login, request({ cookie }), request({ operations: ['change'] })]
        }))
      ))
  }

  for (const ending of Object.keys(endings)) {
    it(`ended by ${ending}`, () =>
      compareAll(
        allOptions.flatMap((options) => [
          { options, requests: [request({ ending }), request({ ending, operations: ['change'] })] },
          { options, requests: [login, request({ ending }), request({ ending, operations: ['change'] })] }
        ])
      ))
  }

  for (const failing of ['get', 'set', 'touch', 'destroy']) {
    it(`with a store whose ${failing} fails`, () =>
      compareAll(
        allOptions.flatMap((options) =>
          ['nothing', 'change', 'save', 'reload', 'destroy', 'regenerate', 'setNull'].map((name) => ({
            options,
            requests: [login, request({ failing, operations: [name] }), request({})]
          }))
        )
      ))
  }
})
