'use strict'

// Whatever fails when the held end of a response is let go - Node, whoever wrapped the response, the store, a method of
// the session - the process goes on, and answers the next request.

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const os = require('node:os')
const path = require('node:path')
const { names } = require('./ends-that-fail')

const script = path.join(__dirname, 'ends-that-fail.js')

describe('the process answers the next request after', () => {
  let outcomes

  before(() => (outcomes = runAll(names)))

  for (const name of names) {
    it(name, async function () {
      this.timeout(60000)
      const { code, output } = await outcomes.get(name)
      assert.equal(code, 0, output)
    })
  }
})

/** Runs each case in a process of its own, as many at a time as there are processors. */
function runAll(names) {
  const waiting = []
  const outcomes = new Map()
  for (const name of names) {
    outcomes.set(name, new Promise((resolve) => waiting.push(() => run(name).then(resolve).then(runNext))))
  }
  const runNext = () => waiting.shift()?.()
  for (let i = 0; i < os.availableParallelism(); i++) runNext()
  return outcomes
}

function run(name) {
  const env = { ...process.env, NODE_ENV: 'test' }
  return new Promise((resolve) => {
    execFile(process.execPath, [script, name], { env, timeout: 30000 }, (error, stdout, stderr) => {
      resolve({ code: error ? (error.code ?? error.signal) : 0, output: stderr })
    })
  })
}
