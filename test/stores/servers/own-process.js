'use strict'

const { spawn } = require('node:child_process')
const net = require('node:net')
const { setTimeout: sleep } = require('node:timers/promises')

/**
 * A server that the tests run themselves: one process on 127.0.0.1, which can be killed as a machine dies and started
 * again over the same folder and port.
 */
class OwnProcess {
  /**
   * @param {object} given
   * @param {string} given.command
   * @param {string[]} given.args
   * @param {number} given.port - where it will listen
   * @param {object} [given.options] - for `spawn`
   * @param {() => Promise<void>} [given.ready] - rejects until the server serves; without it an open port is enough
   */
  constructor({ command, args, port, options, ready }) {
    Object.assign(this, { command, args, port, options, ready: ready ?? (() => connect(port)) })
  }

  async start() {
    this.output = ''
    this.process = spawn(this.command, this.args, { ...this.options, stdio: ['ignore', 'pipe', 'pipe'] })
    const keep = (chunk) => (this.output = (this.output + chunk).slice(-4000))
    this.process.stdout.on('data', keep)
    this.process.stderr.on('data', keep)
    this.process.on('error', (error) => keep(error.message))
    this.ended = new Promise((resolve) => this.process.on('close', resolve))
    // Whatever happens to the test run, its servers do not outlive it.
    this.endWithUs = () => this.process.kill('SIGKILL')
    process.once('exit', this.endWithUs)

    for (;;) {
      if (this.process.exitCode !== null || this.process.pid === undefined) {
        throw new Error(`${this.command} did not start:\n${this.output}`)
      }
      try {
        await this.ready()
        return
      } catch {
        await sleep(50)
      }
    }
  }

  /** As a crash or a power cut: no farewell to anybody. */
  async kill() {
    this.process.kill('SIGKILL')
    await this.ended
    process.removeListener('exit', this.endWithUs)
  }
}

function connect(port) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.on('error', reject)
    socket.on('connect', () => {
      socket.destroy()
      resolve()
    })
  })
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

module.exports = { OwnProcess, freePort }
