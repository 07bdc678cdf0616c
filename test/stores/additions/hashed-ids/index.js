'use strict'

// With hashSessionIds no session id is in a real store, sessions from before are moved once, and nothing else changes.
//
// `node test/stores/run.js hashed-ids` tries only this.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs/promises')
const os = require('node:os')
const path = require('node:path')
const { RunningServer } = require('../../harness/running-server')

/** How long one store may take: it is a matter of seconds. */
const PATIENCE = 120_000

const CONFIGURATIONS = [
  { id: 'redis-10', title: 'connect-redis 10, redis 6', server: 'redis' },
  { id: 'redis-3', title: 'connect-redis 3', server: 'redis' },
  { id: 'pg-simple', title: 'connect-pg-simple 10, pg 8', server: 'postgres' },
  { id: 'mongo-6', title: 'connect-mongo 6', server: 'mongodb' },
  { id: 'file', title: 'session-file-store', server: 'nothing' }
]

/** Tries all of these stores, one after another. Resolves with whether all is well. */
module.exports = async function hashedIds() {
  const root = await fs.mkdtemp(path.join(os.tmpdir(), 'hashed-ids-'))
  await fs.chmod(root, 0o755)
  const faults = []
  try {
    for (const configuration of CONFIGURATIONS) {
      const { id, title } = configuration
      const server = await RunningServer.start(configuration.server, path.join(root, id))
      if (server.missing) {
        console.log(`\nSKIPPED hashed ids on ${title}: needs ${server.missing}`)
        if (process.env.CI) faults.push(`${title}: no ${server.title}`)
        continue
      }
      try {
        const name = `hashed-${id}`
        const given = { url: await server.part(name), name, folder: server.folderFor(name) }
        faults.push(...(await tryOn(id, given)).map((fault) => `${title}: ${fault}`))
      } finally {
        await server.stop()
      }
    }
  } finally {
    await fs.rm(root, { recursive: true, force: true, maxRetries: 5 })
  }
  for (const fault of faults) console.log(`\nFAULT ${fault}`)
  console.log(`\nhashed ids on ${CONFIGURATIONS.length} stores: ${faults.length || 'no'} faults`)
  return faults.length === 0
}

/** In a process of its own, which ends with all connections of the store. */
async function tryOn(id, given) {
  const file = path.join(__dirname, 'on-a-store.js')
  const child = spawn(process.execPath, [file, id, JSON.stringify(given)], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text))
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE)
  const [code, signal] = await once(child, 'close')
  clearTimeout(timer)
  if (signal) return [`not done within ${PATIENCE / 1000} s`]
  return code === 0 ? [] : [output.trim() || `ended with ${code}`]
}
