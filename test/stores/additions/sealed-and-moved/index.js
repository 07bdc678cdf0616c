'use strict'

// On real stores: with `encryption` nothing of a session's data can be read in them, and no change of keys logs anybody out;
// with `session.migrate` visitors keep their sessions while these go from one to another, also when a process is killed.
//
// `node test/stores/run.js sealed-and-moved` tries only this.

const fs = require('node:fs/promises')
const os = require('node:os')
const path = require('node:path')
const { RunningServer } = require('../../harness/running-server')
const moving = require('./moving')
const sealing = require('./sealing')

const STORES = {
  file: { title: 'session-file-store' },
  'redis-9': { title: 'connect-redis 9', server: 'redis' },
  'pg-simple': { title: 'connect-pg-simple 10', server: 'postgres' },
  'mongo-6': { title: 'connect-mongo 6', server: 'mongodb' },
  'mongo-6/objects': { title: 'connect-mongo 6, stringify: false', server: 'mongodb' }
}

const MOVES = [
  ['file', 'redis-9'],
  ['redis-9', 'pg-simple'],
  ['pg-simple', 'mongo-6']
]

/** Tries all of this, one after another. Resolves with whether all is well. */
module.exports = async function sealedAndMoved() {
  const root = await fs.mkdtemp(path.join(os.tmpdir(), 'sealed-and-moved-'))
  await fs.chmod(root, 0o755)
  const servers = {}
  const faults = []
  try {
    for (const name of ['redis', 'postgres', 'mongodb']) {
      servers[name] = await RunningServer.start(name, path.join(root, name))
    }
    const attempt = async (what, ids, something) => {
      const missing = ids.map((id) => servers[STORES[id].server]?.missing).find(Boolean)
      if (missing) {
        console.log(`\nSKIPPED ${what}: needs ${missing}`)
        if (process.env.CI) faults.push(`${what}: not tried`)
        return
      }
      try {
        await something()
        console.log(`\n${what}: well`)
      } catch (error) {
        faults.push(`${what}: ${error.stack}`)
      }
    }

    for (const [id, { title }] of Object.entries(STORES)) {
      await attempt(`sealed, ${title}`, [id], async () => {
        const module = id.includes('/') ? `${id}.js` : `${id}/index.js`
        await sealing({ module, given: await givenTo(id, `sealed-${id.replace('/', '-')}`, servers, root) })
      })
    }
    for (const [from, to] of MOVES) {
      await attempt(`moved, ${STORES[from].title} to ${STORES[to].title}`, [from, to], async () => {
        const name = `moved-${from}-${to}`
        await moving({
          from: { id: from, given: await givenTo(from, `${name}-from`, servers, root) },
          to: { id: to, given: await givenTo(to, `${name}-to`, servers, root) }
        })
      })
    }
  } finally {
    for (const server of Object.values(servers)) await server.stop()
    await fs.rm(root, { recursive: true, force: true, maxRetries: 5 })
  }
  for (const fault of faults) console.log(`\nFAULT ${fault}`)
  console.log(`\nsealed and moved: ${faults.length || 'no'} faults`)
  return faults.length === 0
}

/** What a configuration is opened with: a part of its server, or a folder, that nobody else uses. */
async function givenTo(id, name, servers, root) {
  const { server } = STORES[id]
  if (server) return { url: await servers[server].part(name), name }
  const folder = path.join(root, name)
  await fs.mkdir(folder)
  return { folder, name }
}
