'use strict'

// The middleware leaves requests and responses as fast as V8 made them.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const path = require('node:path')
const express = require('express')
const request = require('supertest')
const session = require('express-session')

const script = path.join(__dirname, '../support/hidden-classes.js')
const classesUnder = (host) =>
  JSON.parse(execFileSync(process.execPath, ['--allow-natives-syntax', script, host], { encoding: 'utf8' }))

describe('requests and responses', function () {
  this.timeout(30000)

  it('share a hidden class under Express, on every version of Node', () => {
    // V8 keeps such classes in a cache of 64 places. In a few processes of a hundred two of them meet there, and each request
    // drives one of them out.
    const share = () => {
      const { req, res } = classesUnder('express')
      return req.shareClass && res.shareClass
    }
    assert.ok([1, 2, 3, 4, 5].some(share))
  })

  it('stay as fast as they are under plain node:http', () => {
    const { req, res } = classesUnder('http')
    assert.deepEqual([req.isFast, res.isFast], [true, true])
  })

  it('keep their properties, in their order', async () => {
    const keysWith = async (...middlewares) => {
      let keys
      const see = (req, res) => {
        keys = [req, res].map((message) => ({
          names: Object.getOwnPropertyNames(message),
          symbols: Object.getOwnPropertySymbols(message)
        }))
        res.end()
      }
      await request(express().use(...middlewares, see)).get('/')
      return keys
    }

    const [req, res] = await keysWith()
    req.names.push('sessionStore', 'sessionID', 'session')
    res.names.push('end', 'write', 'writeHead')
    const middleware = session({ secret: 's', resave: false, saveUninitialized: false })
    assert.deepEqual(await keysWith(middleware), [req, res])
  })
})
