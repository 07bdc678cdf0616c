'use strict'

const http = require('node:http')
const { Visitor } = require('../harness/visitor')

const VISITORS = 25

/** What visitors do, one after another. */
const KINDS = {
  'no session': (visitor, patience) => new Visitor(visitor.app).get('/look', patience),
  reads: (visitor, patience) => visitor.get('/look', patience),
  changes: (visitor, patience) => visitor.post('/put', { changed: Math.random() }, patience),
  saves: (visitor, patience) => visitor.post('/save', { saved: Math.random() }, patience),
  'new session': (visitor, patience) => new Visitor(visitor.app).post('/put', { fresh: true }, patience),
  'new session, saved': (visitor, patience) =>
    new Visitor(visitor.app).post('/save', { fresh: true }, patience)
}
const NAMES = Object.keys(KINDS)

/** The visitors of an app, and all that has been answered to them: how, and how soon. */
class Load {
  constructor(app, patience) {
    Object.assign(this, { app, patience, answers: [], next: 0 })
  }

  async start() {
    // A connection for each request: Express closes those on which an error comes after the error page, and a client that
    // sends its next request just then has no answer.
    this.app.newConnections()
    this.app.agent = new http.Agent({ keepAlive: false })
    this.visitors = await Promise.all(
      Array.from({ length: VISITORS }, async (_, number) => {
        const visitor = new Visitor(this.app)
        await visitor.post('/save', { number })
        return Object.assign(visitor, { number })
      })
    )
  }

  /** Sends so many requests, each visitor the next one when the last is answered. */
  async send(phase, count) {
    let left = count
    await Promise.all(
      this.visitors.map(async (visitor) => {
        while (left-- > 0) await this.request(phase, visitor)
      })
    )
  }

  async request(phase, visitor) {
    const kind = NAMES[this.next++ % NAMES.length]
    const begun = performance.now()
    let status
    try {
      status = (await KINDS[kind](visitor, { patience: this.patience })).status
    } catch (error) {
      status = error.message
    }
    this.answers.push({ phase, kind, status, ms: performance.now() - begun })
  }

  /** Does each visitor have the old session again, and may change it? */
  async isBack() {
    const answers = await Promise.all(
      this.visitors.map(async (visitor) => {
        const value = Math.random()
        const { status } = await visitor.post('/save', { last: value })
        const { body } = await visitor.get('/look')
        return status === 200 && body.session?.number === visitor.number && body.session.last === value
      })
    )
    return answers.every(Boolean)
  }

  /** How many answers of each status a kind of request got in a phase. */
  statuses(phase, kind) {
    const counts = {}
    for (const answer of this.answers) {
      if (answer.phase !== phase || answer.kind !== kind) continue
      counts[answer.status] = (counts[answer.status] ?? 0) + 1
    }
    return counts
  }
}

module.exports = { Load, NAMES }
