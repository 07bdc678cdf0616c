'use strict'

const fs = require('node:fs/promises')
const path = require('node:path')

/** A server of ../servers: one that the tests have started, or the one that the environment names. */
class RunningServer {
  /** Resolves with the server; where it cannot be had its `missing` says what to install. */
  static async start(name, folder) {
    const server = new RunningServer()
    const kind = require(`../servers/${name}`)
    const given = kind.variable && process.env[kind.variable]
    Object.assign(server, { name, kind, title: kind.title, folder })

    if (given) {
      Object.assign(server, { url: given, title: kind.titleOfGiven ?? kind.title })
      return server
    }
    await fs.mkdir(folder, { recursive: true })
    const started = await kind.start(folder)
    if (started) Object.assign(server, { url: started.url, process: started.server })
    else server.missing = `${kind.needs}, or ${kind.variable}`
    return server
  }

  /** Only a server of our own may be killed. */
  get isOurs() {
    return this.process !== undefined
  }

  get keepsWhatItAcknowledged() {
    return this.kind.keepsWhatItAcknowledged
  }

  /** The URL of a part of the server that nobody else uses. */
  part(name) {
    return this.kind.part(this.url, name)
  }

  folderFor(name) {
    return path.join(this.folder, name)
  }

  async stop() {
    await this.process?.kill()
  }
}

module.exports = { RunningServer }
