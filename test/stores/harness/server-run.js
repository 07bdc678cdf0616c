'use strict'

const { outageOf } = require('./outage')

/** What an app may ask for against outages: the same again with that. */
const PREPARED = { storeTimeout: 500, onDisconnect: 'error' }

/** A server with the configurations that are tried on it: all scenarios of each, then one outage for all together. */
class ServerRun {
  constructor(server, comparisons) {
    Object.assign(this, { server, comparisons })
  }

  /** What is to be done, in parts that may be done at the same time; whichever is done last ends the server. */
  jobs() {
    let left = this.comparisons.length
    return this.comparisons.map((comparison) => async () => {
      await comparison.runScenarios()
      left -= 1
      if (left === 0) await this.end()
    })
  }

  async end() {
    try {
      // As with a cell: chance does not strike three times.
      for (let time = 0; this.server.isOurs && time < 3; time++) {
        await this.outage()
        if (this.comparisons.every((comparison) => comparison.outageFaults().length === 0)) break
      }
    } finally {
      for (const comparison of this.comparisons) await comparison.stop()
      await this.server.stop()
    }
  }

  async outage() {
    await this.server.kind.beforeOutage?.(this.server.url)
    const runs = this.comparisons.flatMap(({ ours, upstream }) => [ours, upstream])
    const apps = await freshApps(runs)
    const seen = await outageOf(this.server, apps)
    for (const [index, run] of runs.entries()) run.outage = seen[index]

    await this.server.kind.beforeOutage?.(this.server.url)
    const ours = this.comparisons.map((comparison) => comparison.ours)
    const prepared = await freshApps(ours)
    const seenThen = await outageOf(this.server, prepared, PREPARED)
    for (const [index, run] of ours.entries()) run.preparedOutage = seenThen[index]
  }
}

/** Apps that have not been through an outage yet: memcached's client takes a second one for the end. */
async function freshApps(runs) {
  await Promise.all(runs.map((run) => run.app?.stop()))
  return Promise.all(runs.map((run) => run.aliveApp()))
}

module.exports = { ServerRun }
