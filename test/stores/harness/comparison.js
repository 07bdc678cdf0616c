'use strict'

const scenarios = require('../scenarios')
const { compareOutages, faultsOfPrepared } = require('./compare-outages')
const compare = require('./compare')
const { ConfigurationRun } = require('./configuration-run')

const SETTLED = ['same', 'listed', 'lacking', 'not offered']
const FAULTS = ['worse', 'different', 'fails on both']

/** One configuration on ours beside the same on 1.19.0: its row of the table. */
class Comparison {
  constructor(configuration, server) {
    Object.assign(this, { configuration, server, id: configuration.id })
    this.cells = {}
  }

  async runScenarios() {
    this.ours = await this.prepare('ours')
    this.upstream = await this.prepare('upstream')
    const both = [this.ours, this.upstream]

    if (this.server.kind.oneAtATime) {
      for (const run of both) await run.runScenarios()
    } else {
      await Promise.all(both.map((run) => run.runScenarios()))
    }
    for (const name of Object.keys(scenarios)) this.cells[name] = await this.cell(name)
    const better = Object.values(this.cells).filter(({ verdict }) => verdict === 'better').length
    console.log(`${this.id}: ${this.faults().length} faults${better ? `, ${better} better than 1.19.0` : ''}`)
  }

  async prepare(implementation) {
    const { configuration, server } = this
    const name = `${this.id}-${implementation}`
    const url = await server.part(name)
    return new ConfigurationRun({ configuration, implementation, url, folder: server.folderFor(name) })
  }

  compare(name) {
    const compared = compare(name, this.ours.results[name], this.upstream.results[name])
    const lacks = this.configuration.lacks?.[name]
    return compared.verdict === 'fails on both' && lacks
      ? { verdict: 'lacking', explanation: lacks }
      : compared
  }

  /** Chance, or a busy machine, may make one cell differ, but not three times. */
  async cell(name) {
    const compared = () => this.compare(name)
    let cell = compared()
    for (let again = 0; again < 2 && !SETTLED.includes(cell.verdict); again++) {
      await this.ours.runScenario(name)
      await this.upstream.runScenario(name)
      cell = compared()
    }
    return cell
  }

  /** What is worse than on 1.19.0, or differs from it where it should not, as text. */
  faults() {
    const faults = Object.entries(this.cells)
      .filter(([, { verdict }]) => FAULTS.includes(verdict))
      .map(([name, { verdict, explanation }]) => `${this.id}, ${name}: ${verdict}\n${explanation}`)
    return [...faults, ...this.outageFaults()]
  }

  outageFaults() {
    const { server, ours, upstream } = this
    if (!ours.outage) return []
    const found = compareOutages(ours.outage, upstream.outage, server.keepsWhatItAcknowledged)
    if (ours.preparedOutage)
      found.push(...faultsOfPrepared(ours.preparedOutage, server.keepsWhatItAcknowledged))
    return found.map((fault) => `${this.id}, outage: ${fault}`)
  }

  async stop() {
    await this.ours.stop()
    await this.upstream.stop()
  }
}

module.exports = { Comparison }
