'use strict'

// Whichever way the package is loaded, its classes are the same, also at the paths that express-session 1.x had.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const path = require('node:path')
const session = require('express-session')

const deepPaths = { cookie: 'Cookie', memory: 'MemoryStore', session: 'Session', store: 'Store' }

describe('the package', () => {
  for (const [path, name] of Object.entries(deepPaths)) {
    it(`gives ${name} at its deep path, with and without .js`, () => {
      assert.equal(require(`express-session/session/${path}`), session[name])
      assert.equal(require(`express-session/session/${path}.js`), session[name])
    })
  }

  it('is to be had at the path of its file in 1.x', () => {
    for (const name of ['index', 'index.js']) assert.equal(require(`express-session/${name}`), session)
  })

  it('can be imported by name, and is the same package then', async () => {
    const { imported } = await import('./importing.mjs')
    assert.equal(imported.session, session)
    for (const name of Object.values(deepPaths)) assert.equal(imported[name], session[name])
  })

  it('has what tests need at express-session/testing, which nothing else loads', () => {
    const file = path.join(__dirname, 'loading-testing.mjs')
    const printed = execFileSync(process.execPath, [file], { encoding: 'utf8' })
    assert.equal(printed.trim(), 'false true true')
  })

  it('has a package.json that can be required', () => {
    assert.equal(require('express-session/package.json').name, 'express-session')
  })
})
