'use strict'

// One visitor of the load run, who remembers what the shop acknowledged and looks whether the shop still knows it.

const http = require('node:http')
const { setTimeout: sleep } = require('node:timers/promises')

const USERS = ['email=ada@example.com&password=analytical', 'email=grace@example.com&password=compiler']
const ATTEMPTS = 50 // a request may hit the process that is being killed; more than a few times is a fault
const PAUSE = 200 // milliseconds, before asking again what was answered by an error
const never = () => false

/** A number that the shop counts for the visitor, and that the visitor counts too. */
class Count {
  acknowledged = 0
  // Nobody has said whether these were saved: they may have been, or will be as soon as the store is back.
  uncertain = 0

  constructor(mayLose) {
    this.mayLose = mayLose
  }

  /** What is wrong with the number that the shop says, if anything; from here on it is the visitor's as well. */
  wrong(found) {
    const expected = this.acknowledged
    const more = found - expected
    this.acknowledged = found
    if (more > 0) this.uncertain -= more
    const isRight = more === 0 || (more > 0 && this.uncertain >= 0) || (more < 0 && this.mayLose(-more))
    this.uncertain = Math.max(0, this.uncertain)
    return isRight ? undefined : `${found} instead of ${expected}`
  }
}

class Visitor {
  /**
   * `answered(processId, milliseconds)` hears of each answer, `unanswered()` of each request that got none, `fault(text)` of
   * each loss. `mayFail(milliseconds)` is asked about each answer that is an error of the server: if it is to be expected
   * now, the request counts as one without an answer. `mayLose(count)` is asked about changes that are missing.
   */
  constructor(number, port, { answered, unanswered, fault, mayFail = never, mayLose = never }) {
    this.port = port
    this.answered = answered
    this.unanswered = unanswered
    this.mayFail = mayFail
    this.fault = (text) => fault(`visitor ${number}: ${text}`)

    this.processes = new Set()
    this.user = USERS[number % USERS.length]
    this.email = /email=([^&]+)/.exec(this.user)[1]
    // No other visitor has as many biscuits: somebody else's session shows.
    this.biscuits = number + 1
    this.teas = new Count(mayLose)
  }

  /** Puts the biscuits into the cart and logs in: the cart comes along into the new session. */
  async enter() {
    // Setting out again without a cookie, should the answer be missing: that begins a new session.
    await this.retried(() => {
      this.cookie = undefined
      return this.ask('POST', '/cart/add', `productId=biscuits&quantity=${this.biscuits}`)
    })
    await this.retried(() => this.ask('POST', '/login', this.user))
    this.cookieOfLogin = this.cookie
  }

  async addTea() {
    const answer = await this.ask('POST', '/cart/add', 'productId=tea&quantity=1')
    if (answer?.status === 302) {
      this.teas.acknowledged += 1
    } else if (answer) {
      this.fault(`adding an item was answered ${answer.status}`)
    } else {
      this.teas.uncertain += 1
    }
  }

  /** Is everything there that was acknowledged, and only that? */
  async check() {
    const account = await this.page('/account')
    if (!account.includes(`Logged in as ${this.email}`)) this.fault('was logged out')
    if (this.cookie !== this.cookieOfLogin) this.fault('was given another session')

    const { tea, biscuits } = await this.cart()
    const wrong = this.teas.wrong(tea)
    if (wrong) this.fault(`teas in the cart: ${wrong}`)
    if (biscuits !== this.biscuits) this.fault(`has ${biscuits} biscuits instead of ${this.biscuits}`)
  }

  async cart() {
    const text = await this.page('/cart')
    const quantity = (name) => Number(new RegExp(`(\\d+) x ${name}`).exec(text)?.[1] ?? 0)
    return { tea: quantity('Tea'), biscuits: quantity('Biscuits') }
  }

  async page(path) {
    const { body } = await this.retried(() => this.ask('GET', path))
    return body
  }

  /** Repeats what may be repeated, until a process that lives answers. */
  async retried(request) {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const answer = await request()
      if (answer?.status < 400) return answer
      if (answer) this.fault(`was answered ${answer.status}`)
    }
    throw new Error('The shop does not answer')
  }

  /** One request on a connection of its own, so that the next process serves it; undefined without an answer. */
  ask(method, path, form) {
    const asked = performance.now()
    return new Promise((resolve) => {
      const options = { host: '127.0.0.1', port: this.port, method, path, agent: false }
      const request = http.request(options, (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (chunk) => (body += chunk))
        response.on('error', () => {}) // cut off: 'close' tells
        response.on('close', () => {
          resolve(
            response.complete ? this.received(response, body, performance.now() - asked) : this.missed()
          )
        })
      })
      // A connection may have been on its way to the process that was killed: nobody will ever answer it.
      request.setTimeout(10_000, () => request.destroy())
      request.on('error', () => resolve(this.missed()))
      if (this.cookie) request.setHeader('Cookie', this.cookie)
      if (form) request.setHeader('Content-Type', 'application/x-www-form-urlencoded')
      request.end(form)
    })
  }

  received({ statusCode, headers }, body, milliseconds) {
    if (statusCode >= 500 && this.mayFail(milliseconds)) return sleep(PAUSE)
    const processId = Number(headers['x-process'])
    this.processes.add(processId)
    if (headers['set-cookie']) this.cookie = headers['set-cookie'][0].split(';')[0]
    this.answered(processId, milliseconds)
    return { status: statusCode, body }
  }

  missed() {
    this.unanswered()
    return undefined
  }
}

module.exports = { Count, Visitor }
