'use strict'

const { ask } = require('./client')

const ACTIONS = [
  'add',
  'add',
  'add-and-save',
  'add-and-save',
  'items',
  'items',
  'page',
  'stream',
  'login',
  'logout'
]

let requests = 0

/**
 * Somebody who uses the app, one request after another, and knows at any time what the session must hold: the items of
 * requests that were acknowledged. An item of a response whose save came at its end is `pending` until it has been seen.
 */
class Visitor {
  cookie = undefined
  id = undefined
  items = []
  pending = undefined

  /**
   * @param server - the process under load
   * @param random - numbers from 0 to 1
   * @param agent - for connections that are kept
   * @param report - the figures, and the list of broken promises
   */
  constructor(server, random, agent, report) {
    Object.assign(this, { server, random, agent, report })
  }

  async act() {
    const { random, report } = this
    const action = ACTIONS[Math.floor(random() * ACTIONS.length)]
    const requestId = `r${++requests}`
    const abortAfter = random() < 0.08 ? random() * 15 : undefined
    const response = await ask(this.server.port, {
      path: `/${action}?id=${requestId}`,
      cookie: this.cookie,
      agent: random() < 0.7 ? this.agent : undefined,
      slow: random() < 0.1,
      abortAfter
    })
    report.requests += 1
    report[response.end] = (report[response.end] || 0) + 1

    if (response.end === 'aborted' || response.end === 'refused') return this.abandon(action, requestId)
    if (response.end !== 'complete') return this.broken(`${action}: ${response.end}`)
    report[response.status] = (report[response.status] || 0) + 1
    if (response.status === 500) return this.abandon(action, requestId)
    if (response.status !== 200) return this.broken(`${action}: status ${response.status}`)
    await this.learn(action, requestId, response)
  }

  /** Takes in a response that says 200. */
  async learn(action, requestId, { headers, body }) {
    const sessionId = headers['x-session-id'] || (action === 'logout' ? undefined : JSON.parse(body).id)
    if (action !== 'logout') await this.compare(action, requestId, headers, body)
    const setCookie = headers['set-cookie']?.[0]

    switch (action) {
      case 'logout':
        if (this.id) await this.expectGone(this.id)
        Object.assign(this, { cookie: undefined, id: undefined, items: [], pending: undefined })
        return
      case 'items':
        break
      case 'login':
        if (this.id && this.id !== sessionId) await this.expectGone(this.id)
        this.items.push(requestId)
        break
      case 'add-and-save':
        this.items.push(requestId)
        break
      default:
        this.pending = requestId
    }
    if (setCookie) this.cookie = setCookie.split(';')[0]
    if (this.cookie) this.id = sessionId
  }

  /** Does what the app saw agree with what was promised? */
  async compare(action, requestId, headers, body) {
    if (headers['x-session-id']) {
      const complete = action === 'page' ? 200_000 : 200_003
      if (body.length !== complete) this.broken(`${action}: ${body.length} bytes`)
      // What is pending now will be seen with the next answer that lists items; only one can be pending.
      await this.settlePending()
      return
    }
    const { items } = JSON.parse(body)
    const seen = items.filter((item) => item !== requestId)
    if (this.pending && seen.includes(this.pending)) this.items.push(this.pending)
    else if (this.pending) await this.expectNotSaved(this.pending)
    this.pending = undefined
    if (seen.join() !== this.items.join()) this.broken(`${action}: ${seen} instead of ${this.items}`)
    this.items = seen
  }

  async settlePending() {
    if (!this.pending) return
    const lost = await this.server.ask('wasNotSaved', this.pending)
    if (!lost) this.items.push(this.pending)
    this.pending = undefined
  }

  /**
   * A request was aborted or refused, or failed: how far the app came is not known. Nobody comes back with this session,
   * which must hold what was promised before, or that and what the request added.
   */
  abandon(action, requestId) {
    const { id, items, pending } = this
    Object.assign(this, { cookie: undefined, id: undefined, items: [], pending: undefined })
    if (!id) return
    this.report.later.push(async () => {
      const stored = await this.server.ask('take', id)
      const mayBeGone = action === 'login' || action === 'logout'
      if (!stored && (mayBeGone || items.length === 0)) return
      const rest = (stored || []).filter((item) => item !== requestId && item !== pending)
      if (rest.join() !== items.join()) this.broken(`abandoned in ${action}: ${stored} instead of ${items}`)
    })
  }

  async expectGone(id) {
    if ((await this.server.ask('itemsOf', id)) !== null) this.broken(`${id} should be gone`)
  }

  async expectNotSaved(requestId) {
    if (!(await this.server.ask('wasNotSaved', requestId)))
      this.broken(`${requestId} was acknowledged, and is lost`)
  }

  /** When all is quiet: is stored what was promised? */
  async checkStored() {
    if (!this.id) return
    await this.settlePending()
    const stored = (await this.server.ask('itemsOf', this.id)) || []
    if (stored.join() !== this.items.join()) this.broken(`at the end: ${stored} instead of ${this.items}`)
  }

  broken(promise) {
    this.report.broken.push(promise)
  }
}

module.exports = { Visitor }
