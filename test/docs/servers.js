'use strict'

// Starts the real servers that blocks need, for as long as the runner lives: node servers.js redis postgres.
// A process of its own, because the servers are those of test/stores, whose packages are found here by NODE_PATH.

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const variables = { mongodb: 'MONGODB_URI', postgres: 'DATABASE_URL', redis: 'REDIS_URL' }

async function start(names) {
  const env = {}
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'session-docs-servers-'))
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  // PostgreSQL runs as another user, who must get to its folder.
  fs.chmodSync(folder, 0o755)
  for (const name of names) {
    if (!Object.hasOwn(variables, name)) throw new Error(`"needs" knows no ${name}`)
    const kind = require(`../stores/servers/${name}`)
    const own = path.join(folder, name)
    fs.mkdirSync(own)
    const started = await kind.start(own)
    if (!started) throw new Error(`${kind.title} needs ${kind.needs}`)
    env[variables[name]] = started.url
  }
  return env
}

process.on('disconnect', () => process.exit())
start(process.argv.slice(2)).then(
  (env) => process.send({ env }),
  (error) => process.send({ error: error.message }, () => process.exit(1))
)
