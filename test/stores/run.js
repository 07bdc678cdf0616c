'use strict'

// npm run test:stores - installs the store packages and compares ours with the published 1.19.0 on all of them.
// `node test/stores/run.js redis-9 pg-simple` tries only these configurations, and leaves docs/stores.md alone;
// `node test/stores/run.js outages` tries only ./outages; likewise `configurations`, `additions`, `hashed-ids`, `device-bound`,
// `merge`, `users`, `sealed-and-moved`, `renewal` and `contract`.

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
  const parts = {
    configurations: () => main([]),
    outages,
    additions: require('./additions'),
    'hashed-ids': require('./additions/hashed-ids'),
    'device-bound': require('./additions/device-bound'),
    merge: require('./additions/merge'),
    users: require('./additions/users'),
    'sealed-and-moved': require('./additions/sealed-and-moved'),
    renewal: require('./renewal'),
    contract: require('./contract')
  }
  const named = ids.filter((id) => Object.hasOwn(parts, id))
  if (ids.length > 0 && named.length === 0) return main(ids)

  let isRight = true
  for (const name of ids.length > 0 ? named : Object.keys(parts)) {
    const start = Date.now()
    isRight = (await parts[name]()) && isRight
    console.log(`\n${name}: ${Math.round((Date.now() - start) / 1000)} seconds`)
  }
  return isRight
}

run(process.argv.slice(2)).then(
  // What a fault has left running must not keep this from ending.
  (passed) => process.exit(passed ? 0 : 1),
  (error) => {
    console.error(error)
    process.exit(1)
  }
)
