'use strict'

// Whatever an app does with its sessions, in whatever order, it does as with 1.19.0, but for the listed differences.

const fc = require('fast-check')
const { useClocks } = require('./clock')
const { compare } = require('./compare')
const { cookies, endings, operations, optionValues } = require('./conversation')

/** PARITY_RUNS raises the number of conversations; PARITY_SEED and PARITY_PATH replay a failure that was printed. */
const { PARITY_RUNS = '500', PARITY_SEED, PARITY_PATH } = process.env

/** How many conversations are held side by side: each waits most of its time. */
const LANES = PARITY_PATH ? 1 : 10

const oneOf = (names) => fc.constantFrom(...Object.keys(names))
const storeMethods = ['get', 'set', 'touch', 'destroy']

/** The store begins to fail at some call, and recovers after some, which may be in a later request. */
const failing = fc.record({
  methods: fc.oneof(fc.subarray(storeMethods, { minLength: 1, maxLength: 1 }), fc.constant(storeMethods)),
  from: fc.nat(3),
  calls: fc.integer({ min: 1, max: 5 })
})

const request = fc.record({
  // A browser comes back with what it got, more often than not.
  cookie: fc.oneof(
    { weight: 3, arbitrary: fc.constant('returning') },
    { weight: 1, arbitrary: oneOf(cookies) }
  ),
  operations: fc.array(oneOf(operations), { maxLength: 5 }),
  ending: oneOf(endings),
  failing: fc.option(failing, { nil: undefined, freq: 8 })
})

const conversation = fc.record({
  options: fc.record(
    Object.fromEntries(Object.entries(optionValues).map(([name, of]) => [name, fc.constantFrom(...of)]))
  ),
  requests: fc.array(request, { minLength: 1, maxLength: 5 })
})

describe('parity with express-session 1.19.0, at random', function () {
  this.timeout(1800000)
  useClocks()

  const firstSeed = Number(PARITY_SEED ?? Math.floor(Math.random() * 1e9))

  it(`holds in ${PARITY_RUNS} conversations (seed ${firstSeed})`, async () => {
    const lane = (i) =>
      fc.assert(fc.asyncProperty(conversation, compare), {
        numRuns: Math.ceil(PARITY_RUNS / LANES),
        seed: firstSeed + i,
        ...(PARITY_PATH && { path: PARITY_PATH })
      })
    await Promise.all(Array.from({ length: LANES }, (_, i) => lane(i)))
  })
})
