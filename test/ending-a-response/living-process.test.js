'use strict'

// Whatever fails when the held end of a response is let go - Node, whoever wrapped the response, the store, a method of
// the session - the process goes on, and answers the next request.

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const path = require('node:path')
const { names } = require('./ends-that-fail')

const script = path.join(__dirname, 'ends-that-fail.js')

describe('the process answers the next request after', () => {
  for (const name of names) {
    it(name, async () => {
      const { code, output } = await run(name)
      assert.equal(code, 0, output)
    })
  }
})

function run(name) {
  const env = { ...process.env, NODE_ENV: 'test' }
  return new Promise((resolve) => {
    execFile(process.execPath, [script, name], { env, timeout: 15000 }, (error, stdout, stderr) => {
      resolve({ code: error ? (error.code ?? error.signal) : 0, output: stderr })
    })
  })
}
