'use strict'

// npm run test:package - installs the tools, packs, and tries the packed package. `node test/package/run.js FILE` tries a
// tarball that is packed already.

const { execFileSync, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const installed = path.join(__dirname, 'node_modules', '.package-lock.json')
const lock = path.join(__dirname, 'package-lock.json')

if (!fs.existsSync(installed) || fs.statSync(installed).mtimeMs < fs.statSync(lock).mtimeMs) {
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: __dirname,
    stdio: 'inherit',
    shell: process.platform === 'win32'
  })
}

const mocha = require.resolve('mocha/bin/mocha.js')
const tests = path.join(__dirname, 'package.test.js')
const [tarball] = process.argv.slice(2)
const env = tarball ? { ...process.env, EXPRESS_SESSION_TARBALL: tarball } : process.env

const { status } = spawnSync(process.execPath, [mocha, '--no-config', '--timeout', '300000', tests], {
  env,
  stdio: 'inherit'
})
process.exitCode = status ?? 1
