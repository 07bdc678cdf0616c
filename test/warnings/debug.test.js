'use strict'

// Who sets DEBUG=express-session sees what happens to each session.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const { packageName } = require('../support/harness')

const script = `
  const session = require('${packageName}')
  const middleware = session({ secret: 'x', resave: false, saveUninitialized: false })
  middleware({ headers: {}, url: '/', method: 'GET' }, {}, () => console.log('next'))`

function run(env, text = script) {
  const options = { cwd: __dirname, encoding: 'utf8', env: { ...process.env, ...env } }
  return spawnSync(process.execPath, ['-e', text], options)
}

describe('debugging', () => {
  it('tells what happens, when it is asked to', () => {
    const { stdout, stderr } = run({ DEBUG: 'express-session' })
    assert.equal(stdout, 'next\n')
    assert.match(stderr, /express-session .*generating session/)
  })

  it('tells of a forged id, and of what the store says: its code, and no text with an id in it', () => {
    const { stderr } = run(
      { DEBUG: 'express-session' },
      `
      const session = require('${packageName}')
      const { sign } = require('cookie-signature')
      const store = new session.MemoryStore()
      store.get = (sid, callback) => callback(Object.assign(new Error('no ' + sid), { code: 'EACCES' }))
      const middleware = session({ secret: 'x', resave: false, saveUninitialized: false, store })
      const visit = (value) =>
        middleware({ headers: { cookie: 'connect.sid=s:' + value }, url: '/', method: 'GET' }, {}, () => {})
      visit('the-id.forged')
      visit(sign('the-id', 'x'))`
    )
    assert.match(stderr, /SID sent is not signed by us, generating session/)
    assert.match(stderr, /error Error EACCES/)
    assert.doesNotMatch(stderr, /the-id/)
  })

  it('tells nothing when it is not', () => {
    const { stdout, stderr } = run({ DEBUG: '' })
    assert.deepEqual([stdout, stderr], ['next\n', ''])
  })
})
