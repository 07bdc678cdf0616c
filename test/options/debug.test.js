'use strict'

// What DEBUG=express-session prints opens no session: it names sessions by a `ref` that only who knows the id can compute.

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const { createHash } = require('node:crypto')
const path = require('node:path')
const { promisify } = require('node:util')

const run = promisify(execFile)

const refOf = (id) => createHash('sha256').update(id).digest('hex').slice(0, 16)

describe('DEBUG=express-session', () => {
  let printed, seen
  before(async () => {
    const env = { ...process.env, NODE_ENV: 'test', DEBUG: 'express-session', DEBUG_COLORS: 'no' }
    const script = path.join(__dirname, 'app-that-is-debugged.js')
    const { stdout, stderr } = await run(process.execPath, ['--no-warnings', script], { env })
    printed = stderr
    seen = JSON.parse(stdout)
  })

  it('tells of a whole visit', () => {
    const lines = printed.split('\n').filter((line) => line.includes('express-session'))
    assert.ok(lines.length > 20, printed)
    assert.ok(seen.ids.length >= 9)
    assert.ok(seen.cookies.length >= 9)
  })

  it('prints no session id', () => {
    for (const id of [...seen.ids, ...seen.asked]) assert.ok(!printed.includes(id), `${id} in ${printed}`)
    assert.ok(!printed.includes('an-id-that'), printed)
    assert.ok(!printed.includes('an-id-without'), printed)
  })

  it('prints no signed value, neither encoded nor decoded, nor its signature', () => {
    for (const cookie of seen.cookies) {
      const value = cookie.slice('connect.sid='.length)
      const decoded = decodeURIComponent(value)
      const signature = decoded.slice(decoded.lastIndexOf('.') + 1)
      for (const text of [value, decoded, signature, encodeURIComponent(signature)]) {
        assert.ok(!printed.includes(text), `${text} in ${printed}`)
      }
    }
  })

  it('names each session that the store was asked for by its ref', () => {
    assert.ok(seen.asked.length >= 6)
    for (const id of seen.asked) assert.ok(printed.includes(refOf(id)), `${refOf(id)} not in ${printed}`)
  })

  it('names no session by a ref that the middleware never had', () => {
    assert.ok(!printed.includes(refOf('an-id-that-somebody-has-forged')), printed)
  })
})
