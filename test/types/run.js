'use strict'

// npm run test:types - installs the compilers and the declarations of other packages, then runs the whole matrix.
// `npm run test:types -- 5.4 7.0/express-5` runs it with these versions of TypeScript only, and with that Express.

const { spawnSync } = require('node:child_process')
const path = require('node:path')
const { installed } = require('../support/installed')

for (const folder of ['.', 'express-4', 'express-5']) installed(path.join(__dirname, folder))

const mocha = require.resolve('mocha/bin/mocha.js')
const { status } = spawnSync(
  process.execPath,
  [mocha, '--no-config', '--timeout', '600000', path.join(__dirname, 'matrix.js')],
  { stdio: 'inherit', env: { ...process.env, TYPESCRIPT: process.argv.slice(2).join(' ') } }
)
process.exitCode = status ?? 1
