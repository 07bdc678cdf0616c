'use strict'

// npm run test:neighbours - installs the neighbours, then tries each beside our sessions.

const { spawnSync } = require('node:child_process')
const path = require('node:path')
const { installed } = require('../support/installed')

installed(__dirname)

const { status } = spawnSync(
  process.execPath,
  [
    path.join(__dirname, 'node_modules/mocha/bin/mocha.js'),
    ...['--no-config', '--timeout', '20000', '--node-option', 'no-warnings'],
    ...[path.join(__dirname, '*.test.js'), path.join(__dirname, '*.test.mjs')]
  ],
  { stdio: 'inherit', env: { ...process.env, NODE_ENV: 'test' } }
)
process.exitCode = status ?? 1
