'use strict'

const { fork } = require('node:child_process')
const http = require('node:http')
const path = require('node:path')

/** Some processes of one app, asked in turns. */
class Processes {
  static async start(count, ...args) {
    const processes = new this()
    processes.errors = []
    processes.agent = new http.Agent({ keepAlive: true, maxSockets: 25 })
    processes.all = await Promise.all(Array.from({ length: count }, () => processes.fork(args)))
    processes.asked = 0
    return processes
  }

  get app() {
    return path.join(__dirname, 'app.js')
  }

  fork(args) {
    const child = fork(this.app, args.map(String))
    child.ended = new Promise((resolve) => child.on('close', (code, signal) => resolve(signal ?? code)))
    return new Promise((resolve, reject) => {
      child.on('message', ({ port, error }) => {
        if (error) this.errors.push(error)
        else resolve({ child, port })
      })
      child.ended.then((how) => reject(new Error(`the app ended: ${how}`)))
    })
  }

  /** The answer to a request: its JSON, and the cookie if it gives one. */
  async get(url, cookie) {
    const { port } = this.all[this.asked++ % this.all.length]
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path: url, agent: this.agent, headers: cookie && { cookie } }
      const sent = http.get(options, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk) => (text += chunk))
        response.on('error', reject)
        response.on('end', () => {
          const [given] = response.headers['set-cookie'] ?? []
          if (response.statusCode === 200)
            resolve({ body: JSON.parse(text), cookie: given?.split(';')[0] ?? cookie })
          else reject(new Error(`status ${response.statusCode}: ${this.errors.join()}`))
        })
      })
      sent.on('error', reject)
    })
  }

  async stop() {
    this.agent.destroy()
    for (const { child } of this.all) child.kill('SIGKILL')
    await Promise.all(this.all.map(({ child }) => child.ended))
  }
}

module.exports = { Processes }
