'use strict'

// A test runner for stores that are expected to fail: it collects what storeContract declares, and runs that.

const { storeContract } = require('express-session/testing')

/** All tests of the contract: `{ name, rule, harm, run }`, where `run` resolves with `'skipped'` or nothing. */
exports.testsOf = (createStore, options) => {
  const tests = []
  const describe = (title, body) => body()
  const it = (name, body) => {
    const run = async () => {
      let outcome
      await body.call({ skip: (why) => (outcome = `skipped: ${why}`) })
      return outcome
    }
    const [, rule, harm] = /^(.*?), or (.*)$/.exec(name)
    tests.push({ name, rule, harm, run })
  }
  storeContract({ describe, it }, createStore, options)
  return tests
}

/** Runs all tests at the same time, each on a store of its own. Resolves with what has come of each, by its name. */
exports.outcomesOf = async (createStore, options) => {
  const outcome = ({ name, run }) =>
    run().then(
      (skipped) => [name, skipped ?? 'passed'],
      (error) => [name, error]
    )
  return Object.fromEntries(await Promise.all(exports.testsOf(createStore, options).map(outcome)))
}
