'use strict'

const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

/** Installs what the package-lock.json of a folder says, unless that is there already. */
function installed(folder) {
  const done = path.join(folder, 'node_modules', '.package-lock.json')
  const lock = path.join(folder, 'package-lock.json')
  if (fs.existsSync(done) && fs.statSync(done).mtimeMs > fs.statSync(lock).mtimeMs) return

  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: 'inherit',
    shell: process.platform === 'win32'
  })
}

module.exports = { installed }
