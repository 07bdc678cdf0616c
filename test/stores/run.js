'use strict'

// npm run test:stores - installs the store packages and compares ours with the published 1.19.0 on all of them.
// `node test/stores/run.js redis-9 pg-simple` tries only these configurations, and leaves docs/stores.md alone;
// `node test/stores/run.js outages` tries only ./outages; likewise `configurations`, `additions`, `hashed-ids`, `device-bound`,
// `merge`, `users`, `sealed-and-moved`, `renewal` and `contract`. `... configurations contract redis-9` tries both, of these
// configurations only.

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

async function run(given) {
  const { stores } = require('./contract/stores')
  const parts = {
    configurations: require('./harness/main'),
    outages: require('./outages'),
    additions: require('./additions'),
    'hashed-ids': require('./additions/hashed-ids'),
    'device-bound': require('./additions/device-bound'),
    merge: require('./additions/merge'),
    users: require('./additions/users'),
    'sealed-and-moved': require('./additions/sealed-and-moved'),
    renewal: require('./renewal'),
    contract: require('./contract')
  }
  const named = given.filter((name) => Object.hasOwn(parts, name))
  const ids = given.filter((name) => !Object.hasOwn(parts, name))
  const unknown = ids.filter((id) => !stores.some((store) => store.id === id))
  if (unknown.length > 0) throw new Error(`no such part or configuration: ${unknown.join(', ')}`)
  const chosen = named.length > 0 ? named : ids.length > 0 ? ['configurations'] : Object.keys(parts)

  let isRight = true
  for (const name of chosen) {
    const start = Date.now()
    isRight = (await parts[name](ids)) && isRight
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
