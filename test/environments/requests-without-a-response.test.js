'use strict'

// A request that has no response, as transports of web sockets have them, has its session like any other.

const assert = require('node:assert/strict')
const http = require('node:http')
const express = require('express')
const { JsonStore, closeAll, listen, session, usual, visit } = require('../support/harness')

const HOUR = 60 * 60 * 1000

/** Serves an app that counts visits, and sockets that are greeted by a handler: `(req, next) => text`. */
async function serveSockets(options, response, greet) {
  let ids = 0
  const middleware = session({ genid: () => 'id' + ++ids, ...usual, ...options })
  const app = express()
  app.use(middleware)
  app.get('/', (req, res) => {
    req.session.count = (req.session.count || 0) + 1
    res.json(req.session.count)
  })

  const served = await listen(http.createServer(app))
  served.server.on('upgrade', (req, socket) => {
    const answer = (text) => socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${text}`)
    try {
      middleware(req, response, (error) => (error ? answer(`error: ${error.message}`) : greet(req, answer)))
    } catch (error) {
      answer(`thrown: ${error.message}`)
    }
  })
  return served
}

const knock = (served, cookie) =>
  visit(served.port, { cookie, headers: { Connection: 'Upgrade', Upgrade: 'websocket' } })

const withoutOne = { 'undefined in its place': undefined, 'an empty object in its place': {} }

for (const [what, response] of Object.entries(withoutOne)) {
  describe(`a request with ${what} for a response`, () => {
    afterEach(closeAll)

    it('has the session of its cookie', async () => {
      const served = await serveSockets({}, response, (req, answer) => answer(req.session.count))
      const { cookie } = await served.visit()
      assert.equal((await knock(served, cookie)).body, '1')
    })

    it('has a new session without a cookie, which is not stored', async () => {
      const store = new JsonStore()
      const served = await serveSockets({ store }, response, (req, answer) => {
        req.session.count = 1
        answer(`${req.sessionID} ${Object.keys(req.session)}`)
      })
      assert.equal((await knock(served)).body, 'id1 cookie,count')
      assert.deepEqual(store.calls, [])
    })

    it('saves, touches and reloads its session when it is told to', async () => {
      const store = new JsonStore()
      const served = await serveSockets({ store, cookie: { maxAge: HOUR } }, response, (req, answer) => {
        req.session.count = 10
        req.session.touch().save((error) => {
          if (error) answer(error.message)
          else req.session.reload((error) => answer(error ? error.message : req.session.count))
        })
      })
      const { cookie } = await served.visit()
      store.takeCalls()
      assert.equal((await knock(served, cookie)).body, '10')
      assert.deepEqual(store.takeCalls(), ['get id1', 'set id1', 'get id1'])
      assert.equal((await served.visit({ cookie })).body, '11')
    })

    it('destroys and regenerates its session when it is told to', async () => {
      const store = new JsonStore()
      const served = await serveSockets({ store }, response, (req, answer) => {
        req.session.regenerate((error) => {
          if (error) return answer(error.message)
          const id = req.sessionID
          req.session.destroy((error) => answer(error ? error.message : `${id} ${req.session}`))
        })
      })
      const { cookie } = await served.visit()
      assert.equal((await knock(served, cookie)).body, 'id2 undefined')
      assert.deepEqual(store.sessions, {})
    })

    it('hears of a store that fails', async () => {
      const store = new JsonStore()
      const served = await serveSockets({ store }, response, (req, answer) => answer('greeted'))
      const { cookie } = await served.visit()
      store.get = (sid, callback) => callback(new Error('the store is down'))
      assert.equal((await knock(served, cookie)).body, 'error: the store is down')
    })

    it('has no session where the path of the cookie is another', async () => {
      const options = { cookie: { path: '/app' } }
      const served = await serveSockets(options, response, (req, answer) => answer(typeof req.session))
      assert.equal((await knock(served)).body, 'undefined')
    })
  })
}

describe('a request with its socket for a response, as Primus calls its middlewares', () => {
  afterEach(closeAll)

  /** Serves upgrades by a handler: `(req, socket)`. Errors that nobody catches fail the test by themselves. */
  async function serveUpgrades(options, handler) {
    const errors = []
    const served = await serveSockets(options, undefined, () => {})
    served.server.removeAllListeners('upgrade')
    const middleware = session({ ...usual, ...options })
    served.server.on('upgrade', (req, socket) => {
      middleware(req, socket, (error) => (error ? errors.push(error) : handler(req, socket)))
    })
    return { ...served, errors }
  }

  const answer = (text) => [
    `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n`,
    text
  ]

  it('can write to it and end it', async () => {
    const served = await serveUpgrades({ store: new JsonStore() }, (req, socket) => {
      const [head, body] = answer('greeted')
      socket.write(head)
      socket.write(body, () => socket.end())
    })
    const { end, body } = await knock(served)
    assert.deepEqual([end, body, served.errors], ['complete', 'greeted', []])
  })

  it('has its session, which is stored when the socket is ended', async () => {
    const store = new JsonStore()
    const served = await serveUpgrades({ store }, (req, socket) => {
      req.session.count += 1
      const [head, body] = answer(String(req.session.count))
      socket.write(head)
      socket.end(body)
    })
    const { cookie } = await served.visit()
    const { end, body } = await knock(served, cookie)
    assert.deepEqual([end, body, served.errors], ['complete', '2', []])
    assert.equal((await served.visit({ cookie })).body, '3')
  })

  it('has a new session without a cookie, and is told of no error', async () => {
    const store = new JsonStore()
    const served = await serveUpgrades({ store, saveUninitialized: true }, (req, socket) => {
      socket.end(answer(Object.keys(req.session).join()).join(''))
    })
    const { end, body } = await knock(served)
    assert.deepEqual([end, body, served.errors], ['complete', 'cookie', []])
  })
})
