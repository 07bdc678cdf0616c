'use strict'

const { JsonStore, gate, serve, session, until } = require('../../support/harness')

/** A store that has no more than it must. */
const plainStore = (sessions = {}) => new JsonStore({ touch: undefined, sessions })

/** The same with `update`, as a database would do it: nothing comes between reading and writing. */
function updatingStore(sessions = {}) {
  const store = plainStore(sessions)
  store.update = (sid, change, callback) => {
    store.calls.push(`update ${sid}`)
    const changed = change(sessions[sid] && JSON.parse(sessions[sid]))
    if (changed) sessions[sid] = JSON.stringify(changed)
    setImmediate(callback)
  }
  return store
}

/** Makes a session of what a store finds, by its own `createSession`, as some do. */
function making(store) {
  const { get, update } = store
  const made = (sid, found) => found && store.createSession({ sessionID: sid, sessionStore: store }, found)
  store.get = (sid, callback) =>
    get.call(store, sid, (error, found) => callback(error, error ? undefined : made(sid, found)))
  if (update) {
    store.update = (sid, change, callback) =>
      update.call(store, sid, (found) => change(made(sid, found)), callback)
  }
  return store
}

const stores = {
  MemoryStore: () => new session.MemoryStore(),
  'a store with get, set and destroy': plainStore,
  'a store with update': updatingStore
}

/** What a store holds: the sessions, and the records that are no more than pointers, by id. */
function contentOf(store) {
  const content = { sessions: {}, pointers: {} }
  for (const [id, json] of Object.entries(store.sessions)) {
    const record = JSON.parse(json)
    content[record.__session?.pointer ? 'pointers' : 'sessions'][id] = record
  }
  return content
}

/**
 * An app whose ids can be renewed. `/renew?{"preserve":true}` does so, with the options of the query; `/slow...` waits in
 * `served.slow` before it goes on as `/...`.
 */
async function renewing(options = {}, act = () => {}) {
  const slow = gate()
  const handler = async (req, res, next) => {
    const [path, query] = req.url.split('?')
    try {
      if (path.startsWith('/slow')) await new Promise((resolve) => slow.pass(resolve))
      switch (path.replace('/slow', '')) {
        case '/login':
          Object.assign(req.session, { user: 'ada', cart: ['tea'] })
          break
        case '/renew':
          await req.session.regenerate(JSON.parse(decodeURIComponent(query)))
          break
        case '/eager':
          // Without waiting for it.
          req.session.regenerate(JSON.parse(decodeURIComponent(query)))
          break
        case '/write':
          req.session[query] = true
          break
        case '/save':
          req.session[query] = true
          await req.session.save()
          break
        case '/reload':
          await req.session.reload()
          break
        case '/logout':
          await req.session.destroy()
          break
        case '/restart':
          await req.session.regenerate()
          req.session.user = 'bob'
          break
        default:
          await act(req, res, path)
      }
      if (!res.headersSent) res.json({ id: req.sessionID, ...req.session, ...session.infoOf(req) })
    } catch (error) {
      next(error)
    }
  }
  const served = await serve(options, handler)
  const renewPath = (given) => `/renew?${encodeURIComponent(JSON.stringify(given))}`
  return {
    ...served,
    slow,
    renewPath,
    logIn: async () => (await served.visit({ path: '/login' })).cookie,
    /** Asks, and reads what the app says of its session. */
    ask: async (path, cookie) => {
      const response = await served.visit({ path, cookie })
      return {
        ...response,
        told: response.status === 200 && response.body ? JSON.parse(response.body) : undefined
      }
    },
    renew: (cookie, given) => served.visit({ path: renewPath(given), cookie }),
    /** Waits until so many requests wait. */
    waiting: (count) => until(() => slow.waiting === count)
  }
}

/** Holds the next call that replaces the record of an id. */
function holdReplacing(store, id, held) {
  const method = store.update ? 'update' : 'set'
  const original = store[method]
  store[method] = (sid, ...args) => {
    if (sid !== id) return original.call(store, sid, ...args)
    store[method] = original
    held.pass(() => original.call(store, sid, ...args))
  }
}

/** The id in a cookie. */
const idIn = (cookie) => decodeURIComponent(cookie).match(/=s:(.*)\./)[1]

const grace = { preserve: true, grace: 10_000 }

module.exports = {
  contentOf,
  grace,
  holdReplacing,
  idIn,
  making,
  plainStore,
  renewing,
  stores,
  updatingStore
}
