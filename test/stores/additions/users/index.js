'use strict'

// The sessions of a user are listed and ended on real stores, with all additions at once; from several processes each record
// names exactly the sessions that live, where the store has the `update` of examples/stores, and elsewhere once they are used.

const fs = require('node:fs/promises')
const os = require('node:os')
const path = require('node:path')
const { RunningServer } = require('../../harness/running-server')
const manyUsers = require('./many-users')
const oneUser = require('./one-user')
const storm = require('./storm')
const stores = require('./stores')

/** Stores for which there is an `update`. */
const UPDATED = ['connect-redis 10, redis 6', 'connect-pg-simple 10, pg 8']

/** Tries all that. Resolves with whether all is well. */
module.exports = async function users() {
  const root = await fs.mkdtemp(path.join(os.tmpdir(), 'users-'))
  await fs.chmod(root, 0o755)
  const faults = []
  try {
    for (const name of Object.keys(stores)) await tryStore(name, root, faults)
  } finally {
    await fs.rm(root, { recursive: true, force: true, maxRetries: 5 })
  }
  for (const fault of faults) console.log(`\nFAULT users: ${fault}`)
  console.log(`\nsessions of users on ${Object.keys(stores).length} stores: ${faults.length || 'no'} faults`)
  return faults.length === 0
}

async function tryStore(name, root, faults) {
  const server = await RunningServer.start(stores[name].server, path.join(root, name.replace(/\W+/g, '-')))
  console.log(`\nSessions of users, ${name}`)
  if (server.missing) {
    console.log(`  SKIPPED: needs ${server.missing}`)
    if (process.env.CI) faults.push(`${name}: no ${server.title}`)
    return
  }
  const run = async (what, work) => {
    try {
      console.log(`  ${what}: ${(await work()) ?? 'yes'}`)
    } catch (error) {
      console.log(`  ${what}: FAULT`)
      faults.push(`${name}, ${what}: ${error.stack}`)
    }
  }
  try {
    const url = await server.part('users')
    for (const updates of UPDATED.includes(name) ? [1, 0] : [0]) {
      const how = updates ? 'with update' : 'without update'
      for (const together of [false, true]) {
        const what = `one user, ${how}${together ? ', with all additions' : ''}`
        await run(what, () => oneUser({ name, url, updates, together }))
      }
      if (name.includes('redis')) {
        await run(`many users of four processes, ${how}`, () => manyUsers({ name, url, updates }))
      }
    }
    if (!UPDATED.includes(name)) return
    for (const options of [{}, { concurrency: 'merge', hashSessionIds: true }]) {
      const what = `a storm of requests of four processes, ${JSON.stringify(options)}`
      await run(what, () => storm({ name, url, options }))
    }
  } finally {
    await server.stop()
  }
}
