'use strict'

// Nothing that an app, a store or a client does to a session ends the process: the next visitor is served.

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const path = require('node:path')
const { cases } = require('./apps-that-could-die')

const script = path.join(__dirname, 'apps-that-could-die.js')

describe('the process goes on serving when', () => {
  for (const name of Object.keys(cases)) {
    it(name, async () => {
      const { code, output } = await run(name)
      assert.equal(code, 0, output)
    })
  }
})

function run(name) {
  return new Promise((resolve) => {
    execFile(process.execPath, [script, name], { timeout: 15000 }, (error, stdout, stderr) => {
      resolve({ code: error ? error.code : 0, output: stderr })
    })
  })
}
