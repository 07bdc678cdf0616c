'use strict'

// npm run test:stores - installs the store packages and compares ours with the published 1.19.0 on all of them.
// `node test/stores/run.js redis-9 pg-simple` tries only these configurations, and leaves docs/stores.md alone;
// `node test/stores/run.js outages` tries only ./outages, `additions` only ./additions, and
// `sealed-and-moved` only ./additions/sealed-and-moved.

const { execFileSync } = require('node:child_process')
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

async function run(ids) {
  const main = require('./harness/main')
  const outages = require('./outages')
  const additions = require('./additions')
  const sealedAndMoved = require('./additions/sealed-and-moved')
  if (ids.length === 0) {
    return [await main(ids), await outages(), await additions(), await sealedAndMoved()].every(Boolean)
  }
  if (ids.includes('sealed-and-moved')) return sealedAndMoved()
  if (ids.includes('outages')) return outages()
  return ids.includes('additions') ? additions() : main(ids)
}

run(process.argv.slice(2)).then(
  (passed) => {
    process.exitCode = passed ? 0 : 1
  },
  (error) => {
    console.error(error)
    process.exitCode = 1
  }
)
