'use strict'

// npm run test:browser - installs what drives a browser, then uses the shop as a person does, tries what browsers and caches make
// of the session cookie, and sessions bound to a device as that browser binds them. Where it cannot do the latter the run says
// that it has skipped them; in CI that is a failure.
//
// With `-- --write` only the rules of browsers are tried, and written to docs/browsers.md.

const { spawnSync } = require('node:child_process')
const path = require('node:path')
const { installed } = require('../support/installed')

installed(__dirname)

const isWriting = process.argv.includes('--write')

const { status } = spawnSync(
  process.execPath,
  [
    require.resolve('mocha/bin/mocha.js'),
    // What a test that fails has left open must not keep the run from ending.
    ...['--no-config', '--exit', '--timeout', '90000', ...(process.env.CI ? ['--forbid-pending'] : [])],
    path.join(__dirname, isWriting ? 'rules.test.js' : '*.test.js')
  ],
  { stdio: 'inherit', env: { ...process.env, ...(isWriting && { BROWSER_RULES: 'write' }) } }
)
process.exitCode = status ?? 1
