'use strict'

const fs = require('node:fs/promises')
const os = require('node:os')
const path = require('node:path')
const configurations = require('../configurations/list')
const { Comparison } = require('./comparison')
const { RunningServer } = require('./running-server')
const { ServerRun } = require('./server-run')
const { writeTable } = require('./table')

/** How many configurations are tried at the same time: they mostly wait for sessions to expire. */
const LANES = 4

/** Tries all configurations, or those asked for. Resolves with whether all is well. */
module.exports = async function main(ids) {
  const chosen = configurations.filter(({ id }) => ids.length === 0 || ids.includes(id))
  const root = await fs.mkdtemp(path.join(os.tmpdir(), 'stores-'))
  // PostgreSQL may have to run as another user, who must get at its own folder in here.
  await fs.chmod(root, 0o755)

  try {
    const servers = await startServers(chosen, root)
    const comparisons = await compareAll(servers)
    const passed = report(comparisons, servers)
    if (ids.length === 0) await writeDocs(comparisons, servers)
    return passed
  } finally {
    await fs.rm(root, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function startServers(chosen, root) {
  const names = [...new Set(chosen.map(({ server }) => server))]
  return Promise.all(
    names.map(async (name) => {
      const server = await RunningServer.start(name, path.join(root, name))
      return new ServerRun(
        server,
        chosen
          .filter((configuration) => configuration.server === name)
          .map((each) => new Comparison(each, server))
      )
    })
  )
}

/** In the order of the list, but the servers that take one at a time first, each in a lane of its own. */
async function compareAll(serverRuns) {
  const available = serverRuns.filter(({ server }) => !server.missing)
  const alone = available.filter(({ server }) => server.kind.oneAtATime).map((run) => run.jobs())
  const shared = available.filter(({ server }) => !server.kind.oneAtATime).flatMap((run) => run.jobs())
  const lanes = [...alone, ...Array.from({ length: LANES }, () => shared)]

  await Promise.all(
    lanes.map(async (jobs) => {
      for (let job = jobs.shift(); job; job = jobs.shift()) await job()
    })
  )
  return available.flatMap(({ comparisons }) => comparisons)
}

function report(comparisons, serverRuns) {
  const faults = comparisons.flatMap((comparison) => comparison.faults())
  for (const fault of faults) console.log(`\nFAULT ${fault}`)

  const skipped = serverRuns.filter(({ server }) => server.missing)
  for (const { server, comparisons: notRun } of skipped) {
    console.log(
      `\nSKIPPED ${notRun.map(({ id }) => id).join(', ')}: no ${server.title}; needs ${server.missing}`
    )
  }
  for (const { server } of serverRuns) {
    if (server.isOurs || server.missing || server.name === 'nothing') continue
    console.log(`\nNo outage of ${server.title}: the server of ${server.kind.variable} is not ours to kill`)
  }

  const titles = new Set(comparisons.map(({ server }) => server.title))
  titles.delete('none')
  const where = titles.size > 0 ? ` on ${[...titles].join(', ')}` : ''
  console.log(
    `\n${comparisons.length} store configurations${where}: ${faults.length === 0 ? 'no' : faults.length} faults`
  )
  if (skipped.length > 0 && process.env.CI) console.log('With CI set, what is skipped is a failure.')
  return faults.length === 0 && !(skipped.length > 0 && process.env.CI)
}

async function writeDocs(comparisons, serverRuns) {
  if (serverRuns.some(({ server }) => server.missing || (server.name !== 'nothing' && !server.isOurs))) {
    console.log('docs/stores.md stays as it is: it shows whole runs only, on servers of their own.')
    return
  }
  await writeTable(comparisons)
}
