'use strict'

// npm run test:browser - installs what drives a browser, then uses the shop as a person does, and tries what
// browsers and caches make of the session cookie.

const { spawnSync } = require('node:child_process')
const path = require('node:path')
const { installed } = require('../support/installed')

installed(__dirname)

const { status } = spawnSync(
  process.execPath,
  [
    require.resolve('mocha/bin/mocha.js'),
    ...['--no-config', '--timeout', '60000', path.join(__dirname, '*.test.js')]
  ],
  { stdio: 'inherit' }
)
process.exitCode = status ?? 1
