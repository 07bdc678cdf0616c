'use strict'

const { createHmac } = require('node:crypto')
const { Visitor } = require('./visitor')
const { WithoutChance } = require('./without-chance')

/** Thrown by `needs`: the scenario is about something that this store does not offer. */
class NotOffered extends Error {}

/** What a scenario works with: one run of it, on one configuration and one implementation. */
class ScenarioRun {
  constructor({ app, methods, secondProcess }) {
    Object.assign(this, { app, methods, secondProcess })
    this.seen = []
    this.withoutChance = new WithoutChance()
  }

  /** Runs the scenario. Resolves with `{ outcome, reason, seen }`. */
  static async of(scenario, given) {
    const run = new ScenarioRun(given)
    try {
      await scenario(run)
      return { outcome: 'ok', seen: run.seen }
    } catch (error) {
      if (error instanceof NotOffered) return { outcome: 'not offered', seen: [] }
      // An assertion's message goes on with a comparison of the values; its first line says what it is about.
      const reason = run.withoutChance.text(error.message.split('\n')[0])
      return { outcome: 'fails', reason, detail: error.message, seen: run.seen }
    }
  }

  /** Notes something seen: the same scenario must see the same on both implementations. */
  see(label, value) {
    this.seen.push({ label, value: this.withoutChance.of(plain(value)) })
  }

  needs(method) {
    if (!this.has(method)) throw new NotOffered(`the store has no ${method}()`)
  }

  has(method) {
    return this.methods.includes(method)
  }

  use(options) {
    return this.app.ask('use', options)
  }

  /** The calls to the store since this was last asked: `[method, session id]` each. */
  calls() {
    return this.app.ask('calls')
  }

  store(method, ...args) {
    return this.app.ask('store', { method, args })
  }

  stored(id) {
    return this.store('get', id)
  }

  raw(id) {
    return this.app.ask('raw', id)
  }

  visitor(cookie) {
    return new Visitor(this.app, cookie)
  }

  /** A visitor whose session holds some data, and its id. The calls that this takes are not counted. */
  async visitorWith(data) {
    const visitor = this.visitor()
    const { status, body } = await visitor.post('/put', data)
    if (status !== 200) throw new Error(`a session could not be made: ${JSON.stringify(body)}`)
    await this.calls()
    return { visitor, id: body.id }
  }

  /** The cookie that a client with this session id has. */
  cookieFor(id) {
    const signature = createHmac('sha256', 'a secret').update(id).digest('base64').replace(/=+$/, '')
    return `connect.sid=${encodeURIComponent(`s:${id}.${signature}`)}`
  }
}

function plain(value) {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}

module.exports = { ScenarioRun }
