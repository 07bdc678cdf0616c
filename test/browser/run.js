'use strict'

// npm run test:browser - installs what drives a browser, then uses the shop as a person does, and sessions bound to a device
// as that browser does. Where it cannot do the latter the run says that it has skipped them; in CI that is a failure.

const { spawnSync } = require('node:child_process')
const path = require('node:path')
const { installed } = require('../support/installed')

installed(__dirname)

const files = ['shop.test.js', 'device-bound.test.js', 'device-bound-shop.test.js'].map((file) =>
  path.join(__dirname, file)
)
const { status } = spawnSync(
  process.execPath,
  [
    require.resolve('mocha/bin/mocha.js'),
    ...['--no-config', '--timeout', '90000', ...(process.env.CI ? ['--forbid-pending'] : []), ...files]
  ],
  { stdio: 'inherit' }
)
process.exitCode = status ?? 1
