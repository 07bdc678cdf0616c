'use strict'

// npm run test:types - installs the compilers and the declarations of other packages, then runs the whole matrix.

const { execFileSync, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

for (const folder of ['.', 'express-4', 'express-5']) install(path.join(__dirname, folder))

const mocha = require.resolve('mocha/bin/mocha.js')
const { status } = spawnSync(
  process.execPath,
  [mocha, '--no-config', '--timeout', '600000', path.join(__dirname, 'matrix.js')],
  { stdio: 'inherit' }
)
process.exitCode = status ?? 1

/** Installs what package-lock.json says, unless that is there already. */
function install(folder) {
  const installed = path.join(folder, 'node_modules', '.package-lock.json')
  const lock = path.join(folder, 'package-lock.json')
  if (fs.existsSync(installed) && fs.statSync(installed).mtimeMs > fs.statSync(lock).mtimeMs) return
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: 'inherit',
    shell: process.platform === 'win32'
  })
}
