'use strict'

// The example runs the express-session of this repository: install and build that first, so that one command is enough
// in a fresh clone, too.

const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..', '..')
const isInstalled = fs.existsSync(path.join(root, 'node_modules'))

// Installing builds as well. What npm says goes to stderr: stdout is the example's.
execFileSync('npm', isInstalled ? ['run', '--silent', 'build'] : ['ci', '--no-audit', '--no-fund'], {
  cwd: root,
  stdio: ['ignore', 2, 2],
  shell: process.platform === 'win32'
})
