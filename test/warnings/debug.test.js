'use strict'

// Who sets DEBUG=express-session sees what happens to each session.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const { packageName } = require('../support/harness')

const script = `
  const session = require('${packageName}')
  const middleware = session({ secret: 'x', resave: false, saveUninitialized: false })
  middleware({ headers: {}, url: '/', method: 'GET' }, {}, () => console.log('next'))`

function run(env) {
  const options = { cwd: __dirname, encoding: 'utf8', env: { ...process.env, ...env } }
  return spawnSync(process.execPath, ['-e', script], options)
}

describe('debugging', () => {
  it('tells what happens, when it is asked to', () => {
    const { stdout, stderr } = run({ DEBUG: 'express-session' })
    assert.equal(stdout, 'next\n')
    assert.match(stderr, /express-session .*generating session/)
  })

  it('tells nothing when it is not', () => {
    const { stdout, stderr } = run({ DEBUG: '' })
    assert.deepEqual([stdout, stderr], ['next\n', ''])
  })
})
