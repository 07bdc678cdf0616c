'use strict'

const { fork } = require('node:child_process')
const http = require('node:http')
const path = require('node:path')

const APP = path.join(__dirname, '..', 'app', 'index.js')
const UPSTREAM = path.join(__dirname, '..', 'app', 'upstream.js')

/** An answer that takes longer counts as none: a store that answers at all does so in milliseconds. */
const PATIENCE = 8000

/** One process of an app on one configuration, on ours or on the published package. */
class AppProcess {
  constructor({ modulePath, given, implementation }) {
    Object.assign(this, { modulePath, given, implementation })
  }

  async start() {
    this.questions = new Map()
    this.number = 0
    this.output = ''
    const execArgv = this.implementation === 'upstream' ? ['--require', UPSTREAM] : []
    this.process = fork(APP, [this.modulePath, JSON.stringify(this.given)], { execArgv, silent: true })
    this.newConnections()
    const keep = (chunk) => (this.output = (this.output + chunk).slice(-3000))
    this.process.stdout.on('data', keep)
    this.process.stderr.on('data', keep)
    this.died = new Promise((resolve) => this.process.on('close', resolve)).then(() => {
      this.dead = true
      this.agent.destroy()
      for (const { reject } of this.questions.values()) reject(new Error('the app process has died'))
    })

    this.port = await new Promise((resolve, reject) => {
      this.process.on('message', (message) => {
        if (message.port) resolve(message.port)
        else this.hear(message)
      })
      this.died.then(() => reject(new Error(`the app did not start:\n${this.output}`)))
    })
  }

  hear({ number, answer, error }) {
    const question = this.questions.get(number)
    if (!question) return
    if (error === undefined) question.resolve(answer)
    else question.reject(new Error(error))
  }

  /** Asks what no browser can: see the answers in ../app/index.js. */
  async ask(ask, argument) {
    if (this.dead) throw new Error('the app process has died')
    const number = ++this.number
    let timer
    try {
      return await new Promise((resolve, reject) => {
        this.questions.set(number, { resolve, reject })
        timer = setTimeout(() => reject(new Error('no answer')), PATIENCE)
        this.process.send({ number, ask, argument })
      })
    } finally {
      clearTimeout(timer)
      this.questions.delete(number)
    }
  }

  /** Whatever became of the connections so far, what comes next does not suffer from it. */
  newConnections() {
    this.agent?.destroy()
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 50 })
  }

  /** Sends a request. Resolves with `{ status, body, setCookie }`; rejects if the connection breaks. */
  request(method, url, { headers = {}, body, patience = PATIENCE } = {}) {
    return new Promise((resolve, reject) => {
      const json = body === undefined ? undefined : JSON.stringify(body)
      const length = json && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) }
      const options = { host: '127.0.0.1', port: this.port, method, path: url, agent: this.agent }
      const req = http.request({ ...options, headers: { ...headers, ...length } }, (res) => {
        let text = ''
        res.setEncoding('utf8')
        res.on('data', (chunk) => (text += chunk))
        res.on('error', fail)
        res.on('end', () => {
          clearTimeout(timer)
          resolve({ status: res.statusCode, body: parse(text), setCookie: res.headers['set-cookie'] ?? [] })
        })
      })
      const fail = (error) => {
        clearTimeout(timer)
        reject(error)
      }
      const timer = setTimeout(() => req.destroy(new Error('no answer')), patience)
      req.on('error', fail)
      req.end(json)
    })
  }

  async stop() {
    if (this.dead) return
    this.process.kill('SIGKILL')
    await this.died
  }
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

module.exports = { AppProcess }
