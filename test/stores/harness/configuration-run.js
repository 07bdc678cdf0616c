'use strict'

const fs = require('node:fs/promises')
const path = require('node:path')
const scenarios = require('../scenarios')
const { AppProcess } = require('./app-process')
const { ScenarioRun } = require('./scenario-run')

const CONFIGURATIONS = path.join(__dirname, '..', 'configurations')

/** One configuration on one implementation: its app processes, and what each scenario came to. */
class ConfigurationRun {
  /**
   * @param {object} given
   * @param {object} given.configuration - an entry of ../configurations/list.js
   * @param {'ours' | 'upstream'} given.implementation
   * @param {string} given.url - its part of the server
   * @param {string} given.folder - for files of its own
   */
  constructor({ configuration, implementation, url, folder }) {
    Object.assign(this, { configuration, implementation, url, folder })
    this.name = `${configuration.id}-${implementation}`
    this.results = {}
  }

  async runScenarios() {
    for (const name of Object.keys(scenarios)) await this.runScenario(name)
  }

  async runScenario(name) {
    this.results[name] = await this.resultOf(name, scenarios[name])
  }

  async resultOf(name, scenario) {
    if (name === 'two processes' && this.configuration.keptBy === 'memory')
      return { outcome: 'not offered', seen: [] }
    try {
      const app = await this.aliveApp()
      app.newConnections()
      const secondProcess = () => this.secondApp()
      const result = await ScenarioRun.of(scenario, { app, methods: this.methods, secondProcess })
      if (!app.dead) return result
      return { outcome: 'fails', reason: 'the app process died', detail: app.output, seen: result.seen }
    } catch (error) {
      return { outcome: 'fails', reason: error.message.split('\n')[0], detail: error.message, seen: [] }
    }
  }

  /** The app, started again if it has died. */
  async aliveApp() {
    if (!this.app || this.app.dead) {
      this.app = await this.startApp()
      this.methods = await this.app.ask('methods')
    }
    return this.app
  }

  async secondApp() {
    if (!this.second || this.second.dead) this.second = await this.startApp()
    return this.second
  }

  async startApp() {
    await fs.mkdir(this.folder, { recursive: true })
    const app = new AppProcess({
      modulePath: path.join(CONFIGURATIONS, this.configuration.module),
      given: { url: this.url, name: this.name, folder: this.folder },
      implementation: this.implementation
    })
    await app.start()
    const { file, hasStore } = await app.ask('whose')
    const isUpstream = Boolean(file) && file.includes('upstream-session')
    if (!file || !hasStore || isUpstream !== (this.implementation === 'upstream')) {
      throw new Error(`the app is on another express-session: ${file}`)
    }
    return app
  }

  async stop() {
    await this.app?.stop()
    await this.second?.stop()
  }
}

module.exports = { ConfigurationRun }
