'use strict'

// Which clauses of storeContract the store packages break: all of them, on their real servers. What they are known to break is
// in ./known-breaches.js, and a table of it in docs/stores.md.
//
// `node test/stores/run.js contract` tries only this; `node test/stores/contract/index.js redis-10 file` only these stores.

const { spawn } = require('node:child_process')
const fs = require('node:fs/promises')
const os = require('node:os')
const path = require('node:path')
const readline = require('node:readline')
const { testsOf } = require('../../testing/collect')
const { RunningServer } = require('../harness/running-server')
const { Breaches } = require('./breaches')
const { stores } = require('./stores')

/** How many stores are tried at the same time: they mostly wait for sessions to expire. */
const LANES = 4

/** How long one test may take, three times where it fails: one that waits for a session to expire takes five seconds. */
const PATIENCE = 120_000

const rules = testsOf(() => {}).map(({ rule }) => rule)

/** Tries all stores, or those asked for. Resolves with whether all is as it is known. */
module.exports = async function contract(ids = []) {
  const chosen = stores.filter(({ id }) => ids.length === 0 || ids.includes(id))
  const root = await fs.mkdtemp(path.join(os.tmpdir(), 'contract-'))
  await fs.chmod(root, 0o755)
  const servers = new Map()
  const breaches = new Breaches()
  try {
    for (const { server } of chosen) {
      if (!servers.has(server))
        servers.set(server, await RunningServer.start(server, path.join(root, server)))
    }
    const waiting = chosen.filter(({ server }) => !servers.get(server).missing)
    for (const { id, server } of chosen) {
      if (servers.get(server).missing) breaches.skip(id, servers.get(server).missing)
    }
    const lane = async () => {
      for (let each = waiting.shift(); each; each = waiting.shift()) {
        breaches.add(each.id, await outcomesOf(each, servers.get(each.server)))
      }
    }
    await Promise.all(Array.from({ length: LANES }, lane))
  } finally {
    for (const server of servers.values()) await server.stop()
    await fs.rm(root, { recursive: true, force: true, maxRetries: 5 })
  }
  const isRight = breaches.report()
  if (ids.length === 0) await breaches.write()
  return isRight
}

/** What came of each clause on a store. A test that ends the process is begun after, in another one. */
async function outcomesOf({ id, module }, server) {
  const name = `contract-${id}`
  const given = { url: await server.part(name), name, folder: server.folderFor(name) }
  await fs.mkdir(given.folder, { recursive: true })
  const outcomes = []
  while (outcomes.length < rules.length) {
    const output = await run([id, module, JSON.stringify(given), String(outcomes.length)], outcomes)
    if (outcomes.length === 0) throw new Error(`${id} cannot be opened:\n${output}`)
    if (outcomes.length < rules.length) {
      outcomes.push({ rule: rules[outcomes.length], outcome: 'broken', why: `the process ends:\n${output}` })
    }
  }
  return outcomes
}

async function run(args, outcomes) {
  const child = spawn(process.execPath, [path.join(__dirname, 'on-a-store.js'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let output = ''
  child.stderr.setEncoding('utf8').on('data', (text) => (output = (output + text).slice(-2000)))
  const kill = () => child.kill('SIGKILL')
  let timer = setTimeout(kill, PATIENCE)
  for await (const line of readline.createInterface({ input: child.stdout })) {
    if (!line.startsWith('{"rule"')) continue
    outcomes.push(JSON.parse(line))
    clearTimeout(timer)
    timer = setTimeout(kill, PATIENCE)
  }
  clearTimeout(timer)
  return output
}

if (require.main === module) {
  module.exports(process.argv.slice(2)).then((isRight) => (process.exitCode = isRight ? 0 : 1))
}
