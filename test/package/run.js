'use strict'

// npm run test:package - installs the tools, packs, and tries the packed package. `node test/package/run.js FILE` tries a
// tarball that is packed already.

const { spawnSync } = require('node:child_process')
const path = require('node:path')
const { installed } = require('../support/installed')

installed(__dirname)

const mocha = require.resolve('mocha/bin/mocha.js')
const tests = ['package.test.js', 'environments.test.js', 'testing.test.js'].map((file) =>
  path.join(__dirname, file)
)
const [tarball] = process.argv.slice(2)
const env = tarball ? { ...process.env, EXPRESS_SESSION_TARBALL: tarball } : process.env

const { status } = spawnSync(process.execPath, [mocha, '--no-config', '--timeout', '300000', ...tests], {
  env,
  stdio: 'inherit'
})
process.exitCode = status ?? 1
