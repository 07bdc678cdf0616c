'use strict'

const { JsonStore, gate, rawClient, serve, until } = require('../../support/harness')

/** The ways in which a request ends its session. */
const endings = {
  destroys: (req, done) => req.session.destroy(done),
  regenerates: (req, done) => req.session.regenerate(done),
  unsets(req, done) {
    req.session = null
    done()
  }
}

/**
 * A visitor whose session is `id1`, and who has two requests under way at once: `/slow`, which waits in the middle, and
 * `/end`, which ends the session meanwhile.
 *
 * @param slow - what the slow request does: `async (req, res, others) => ...`, where `await others()` lets the other one
 *   overtake it
 * @param how - `by`: how the other one ends the session; and options of `session()`
 */
async function overtaken(slow, { by = 'destroys', ...options } = {}) {
  const store = options.store || new JsonStore()
  const waiting = gate()
  const others = () => new Promise((resolve) => waiting.pass(resolve))
  const slowOne = {}

  const served = await serve({ unset: 'destroy', ...options, store }, (req, res, next) => {
    switch (req.url) {
      case '/login':
        req.session.user = 'ada'
        return res.end()
      case '/slow':
        slowOne.socket = req.socket
        slowOne.done = slow(req, res, others)
        return slowOne.done.catch(next)
      case '/end':
        return endings[by](req, (error) => (error ? next(error) : res.send('ended')))
      case '/change':
        req.session.count = 2
        return res.send('changed')
      default:
        return res.send(`user ${req.session.user}`)
    }
  })
  const { port, visit } = served
  const { cookie } = await visit({ path: '/login' })
  store.takeCalls?.()

  const end = () => visit({ path: '/end', cookie })

  /**
   * The slow request comes, another one ends the session, the slow one goes on.
   *
   * @param meanwhile - what happens instead of that other one
   * @returns what the slow request was answered, when all that it does is done
   */
  async function overtake(meanwhile = end) {
    const response = visit({ path: '/slow', cookie })
    await until(() => waiting.waiting)
    await meanwhile()
    store.takeCalls?.()
    waiting.open()
    await slowOne.done
    const answer = await response
    await turns()
    return answer
  }

  /** The same, but the client of the slow request hangs up before the session ends. */
  async function overtakeAfterLeaving() {
    const client = rawClient(port, `GET /slow HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookie}\r\n\r\n`)
    await until(() => waiting.waiting)
    const closed = closing(slowOne.socket)
    client.socket.destroy()
    await closed
    await end()
    store.takeCalls?.()
    waiting.open()
    await slowOne.done
    await turns()
  }

  return { ...served, store, cookie, end, overtake, overtakeAfterLeaving }
}

/** Gives the event loop its turns: until a store that answers within one or two has answered all that it was asked. */
async function turns(count = 25) {
  for (let i = 0; i < count; i++) await new Promise(setImmediate)
}

/** When a connection has closed; that the client has reset it is no error here. */
function closing(socket) {
  return new Promise((resolve) => socket.once('close', resolve))
}

/** The error of a method of a session, in the callback's form, which both packages have. */
function errorOf(session, method) {
  return new Promise((resolve) => session[method]((error) => resolve(error)))
}

module.exports = { closing, endings, errorOf, overtaken, turns }
