'use strict'

// Whichever way the package is loaded, its classes are the same, also at the paths that express-session 1.x had.

const assert = require('node:assert/strict')
const session = require('express-session')

const deepPaths = { cookie: 'Cookie', memory: 'MemoryStore', session: 'Session', store: 'Store' }

describe('the package', () => {
  for (const [path, name] of Object.entries(deepPaths)) {
    it(`gives ${name} at its deep path, with and without .js`, () => {
      assert.equal(require(`express-session/session/${path}`), session[name])
      assert.equal(require(`express-session/session/${path}.js`), session[name])
    })
  }

  it('can be imported by name, and is the same package then', async () => {
    const { imported } = await import('./importing.mjs')
    assert.equal(imported.session, session)
    for (const name of Object.values(deepPaths)) assert.equal(imported[name], session[name])
  })

  it('has what tests need at express-session/testing, which nothing else loads', () => {
    const script = `
      import { createRequire } from 'node:module'
      const require = createRequire(import.meta.url)
      require('express-session')
      const isLoaded = Object.keys(require.cache).some((file) => file.includes('testing'))
      const { createSession, storeContract } = await import('express-session/testing')
      const required = require('express-session/testing')
      console.log(isLoaded, createSession === required.createSession, storeContract === required.storeContract)`
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: __dirname,
      encoding: 'utf8'
    })
    assert.equal(printed.trim(), 'false true true')
  })

  it('has a package.json that can be required', () => {
    assert.equal(require('express-session/package.json').name, 'express-session')
  })
})
