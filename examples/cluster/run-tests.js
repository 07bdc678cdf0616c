'use strict'

// Installs the example unless that is done, and runs its `npm test`: one command for CI.

const { spawnSync } = require('node:child_process')
const { installed } = require('../../test/support/installed')

installed(__dirname)

const { status } = spawnSync('npm', ['test', '--silent'], {
  cwd: __dirname,
  stdio: 'inherit',
  shell: process.platform === 'win32'
})
process.exitCode = status ?? 1
