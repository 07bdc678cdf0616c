'use strict'

const { setTimeout: sleep } = require('node:timers/promises')
const { Visitor } = require('./visitor')

/** A request that is not answered in this time is one that waits for the store. */
const SOON = 2500
/** How long after the restart an app may take to find its store again. */
const RECOVERY = 40_000
const BACK = 'all is back'
const WRITERS = 5

/**
 * What one app does while its store's server is killed in mid-traffic and started again. All apps of one server go
 * through its outage together: `before`, the kill, `meanwhile`, the restart, `afterwards`.
 */
class Outage {
  constructor(app, options) {
    this.app = app
    this.options = options
    this.seen = {}
  }

  /** Makes sessions, and traffic that changes and saves them without a pause. */
  async before() {
    this.app.newConnections()
    await this.app.ask('use', { cookie: { maxAge: 600_000 }, ...this.options })
    this.reader = await this.visitorWith({ views: 1 })
    this.changer = await this.visitorWith({ views: 1 })
    this.writers = await Promise.all(
      Array.from({ length: WRITERS }, async () => ({
        visitor: await this.visitorWith({ n: 0 }),
        acknowledged: 0
      }))
    )
    this.traffic = this.writers.map((writer) => this.write(writer))
  }

  async visitorWith(data) {
    const visitor = new Visitor(this.app)
    const { body } = await visitor.post('/put', data)
    return Object.assign(visitor, { id: body.id })
  }

  async write(writer) {
    for (let n = 1; !this.over; n++) {
      try {
        const { status, body } = await writer.visitor.post('/save', { n }, { patience: RECOVERY })
        if (status === 200 && body.id === writer.visitor.id) writer.acknowledged = n
        else return
      } catch {
        return
      }
    }
  }

  /** While the server is down: one request of each kind. What still waits is settled in `afterwards`. */
  async meanwhile() {
    this.over = true
    const { app, reader, changer } = this
    this.requests = [
      { kind: 'no session', visitor: new Visitor(app), path: '/look' },
      { kind: 'read', visitor: reader, path: '/look' },
      { kind: 'change', visitor: changer, path: '/put', body: { changed: true } },
      { kind: 'new', visitor: new Visitor(app), path: '/put', body: { changed: true } },
      { kind: 'new, saved', visitor: new Visitor(app), path: '/save', body: { changed: true } }
    ]
    await Promise.all(this.requests.map((request) => this.send(request)))
  }

  async send(request) {
    const { visitor, path, body } = request
    const method = body ? 'POST' : 'GET'
    const known = visitor.id
    const ask = () => visitor.send(method, path, { body, patience: RECOVERY })
    // Express closes a connection after an error that comes late: who was about to use it once more asks again.
    const askAgain = (error) => (error.code === 'ECONNRESET' ? ask() : Promise.reject(error))
    request.answer = ask()
      .catch(askAgain)
      .then(
        (response) => describe(response, known),
        () => 'no answer'
      )
    request.soon = await Promise.race([request.answer, sleep(SOON)])
  }

  /** When the server is back: does the app find it, and are all acknowledged changes there? */
  async afterwards() {
    const answers = await Promise.all(this.requests.map(({ answer }) => answer))
    await Promise.all(this.traffic)
    const recovered = this.app.dead ? 'the process died' : await this.recovery()
    for (const [index, { kind, soon, visitor, body }] of this.requests.entries()) {
      const kept = answers[index] !== 'served' || !body || (await this.isKept(visitor))
      this.seen[kind] = (soon ? '' : 'waits, ') + (kept ? answers[index] : 'served, not stored')
    }
    this.seen.afterwards = recovered
    this.seen.lost = recovered === BACK ? await this.lost() : null
  }

  async isKept(visitor) {
    return !this.app.dead && (await visitor.get('/look')).body.session?.changed === true
  }

  async recovery() {
    const giveUp = Date.now() + RECOVERY
    do {
      try {
        const visitor = new Visitor(this.app, this.reader.cookie)
        const { body } = await visitor.get('/look')
        if (body.session?.views === 1) return BACK
        if (body.session && (await this.worksAnew())) return 'works, all sessions are gone'
      } catch {
        // Not back yet.
      }
      await sleep(250)
    } while (Date.now() < giveUp)
    return 'does not come back'
  }

  async worksAnew() {
    const visitor = await this.visitorWith({ fresh: true })
    return (await visitor.get('/look')).body.session?.fresh === true
  }

  /** How many of the sessions are older than what the client was told. */
  async lost() {
    const now = await Promise.all(this.writers.map(({ visitor }) => visitor.get('/look')))
    return this.writers.filter(({ acknowledged }, index) => !(now[index].body.session?.n >= acknowledged))
      .length
  }
}

function describe({ status, body }, knownId) {
  if (status !== 200) return `${status}`
  if (!body.session) return 'no `req.session`'
  return knownId === undefined || body.id === knownId ? 'served' : 'a new session'
}

/** Kills the server under all these apps, whose session() has such options, and starts it again. Resolves with what each has seen. */
async function outageOf(server, apps, options) {
  const outages = apps.map((app) => new Outage(app, options))
  await Promise.all(outages.map((outage) => outage.before()))
  await sleep(500)
  await server.process.kill()
  await sleep(500)
  await Promise.all(outages.map((outage) => outage.meanwhile()))
  await server.process.start()
  await Promise.all(outages.map((outage) => outage.afterwards()))
  return outages.map(({ seen }) => seen)
}

module.exports = { outageOf }
