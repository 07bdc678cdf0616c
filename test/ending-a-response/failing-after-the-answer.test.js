'use strict'

// An app that answers and then fails has answered: Express destroys the socket, and that waits for the answer that is held
// for the store. It does not wait longer than a second, and not for what cannot arrive.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const http = require('node:http')
const https = require('node:https')
const express = require('express')
const { certificate } = require('../support/certificate')
const { closeAll, listen, rawClient, session, until, usual } = require('../support/harness')
const { heldStore, othersAreServed, positions, requestText, serveApp } = require('../support/responses')

const failing = {
  'a redirect, twice': {
    handler(req, res) {
      res.redirect('/next')
      res.redirect('/other')
    },
    answer: [302, 'Found. Redirecting to /next']
  },
  'a body, sent twice': {
    handler(req, res) {
      res.send('first')
      res.send('second')
    },
    answer: [200, 'first']
  },
  'an error handler that answers and passes the error on': {
    handler: (req, res, next) => next(new Error('refused')),
    onError(error, req, res, next) {
      if (!res.headersSent) res.status(422).json({ error: error.message })
      next(error)
    },
    answer: [422, '{"error":"refused"}']
  },
  'an answer and a throw': {
    handler(req, res) {
      res.end('answered')
      throw new Error('thereafter')
    },
    answer: [200, 'answered']
  },
  'a large body and a throw': {
    handler(req, res) {
      res.end('x'.repeat(3e6))
      throw new Error('thereafter')
    },
    answer: [200, 'x'.repeat(3e6)]
  }
}

describe('an app that fails after it has answered', () => {
  afterEach(closeAll)

  for (const [place, { first = [], then = [] }] of Object.entries(positions)) {
    for (const [what, { handler, onError, answer }] of Object.entries(failing)) {
      it(`${what}, with ${place}: the client gets the first answer, then the connection ends`, async () => {
        const store = heldStore()
        const app = express()
        app.set('env', 'test')
        app.get('/bystander', (req, res) => res.end('served'))
        app.use(...first, session({ ...usual, genid: () => 'id1', store }), ...then)
        let socket
        app.use((req, res, next) => {
          socket = req.socket
          req.session.user = 'ada'
          handler(req, res, next)
        })
        if (onError) app.use(onError)
        const { port, visit } = await listen(http.createServer(app))
        const visited = visit({ headers: { Connection: 'keep-alive' } })
        await until(() => store.asked)
        await othersAreServed(port)
        assert.equal(socket.destroyed, false)
        const closed = once(socket, 'close')
        store.answer()
        const { end, status, body, cookie } = await visited
        assert.deepEqual([end, status, body], ['complete', ...answer])
        assert.match(cookie, /^connect\.sid=/)
        await closed
        assert.match(store.sessions.id1, /"user":"ada"/)
      })
    }
  }

  it('over https, with a store that answers late and one that answers soon', async () => {
    for (const isLate of [true, false]) {
      const store = heldStore()
      store.holding = isLate
      const app = express()
      app.set('env', 'test')
      let socket
      app.use(session({ ...usual, store }), (req, res) => {
        socket = req.socket
        req.session.user = 'ada'
        res.send('first')
        res.send('second')
      })
      const { port } = await listen(https.createServer(certificate(), app))
      const body = new Promise((resolve, reject) => {
        const request = https.get({ port, agent: false, rejectUnauthorized: false }, (response) => {
          resolve(response.toArray().then((chunks) => Buffer.concat(chunks).toString()))
        })
        request.on('error', reject)
      })
      if (isLate) {
        await until(() => store.asked)
        const closed = once(socket, 'close')
        await new Promise(setImmediate)
        store.answer()
        await closed
      }
      assert.equal(await body, 'first')
    }
  })

  it('on a connection with requests before it', async () => {
    const store = heldStore()
    store.answer()
    const { port } = await serveApp(
      (req, res) => {
        req.session.user = 'ada'
        res.send(req.url)
        if (req.url === '/last') res.send('again')
      },
      { options: { store } }
    )
    const paths = ['/first', '/second', '/last']
    const client = rawClient(port, paths.map((path) => requestText(path)).join(''))
    await client.closed
    assert.deepEqual(client.received.match(/\/\w+$|(?<=\r\n\r\n)\/[a-z]+/g), paths)
  })

  it('on a connection where a response before it is still under way', async () => {
    const store = heldStore()
    let first
    const { port, errors } = await serveApp(
      (req, res) => {
        if (req.url === '/first') {
          first = res
          return
        }
        req.session.user = 'ada'
        res.send('second')
        res.send('again')
      },
      { options: { store } }
    )
    const client = rawClient(port, requestText('/first') + requestText('/second'))
    await until(() => store.asked && errors.length)
    await othersAreServed(port)
    store.answer()
    first.end('first')
    await client.closed
    assert.match(client.received, /first[^]*second$/)
  })
})

describe('the socket of a response that is held', () => {
  afterEach(closeAll)

  /** Serves one request whose answer the store holds for ever, and gives its socket and its client. */
  async function held(then = () => {}) {
    const store = heldStore()
    const seen = {}
    const { port, server } = await serveApp(
      (req, res) => {
        Object.assign(seen, { res, socket: req.socket, closed: once(req.socket, 'close') })
        req.session.user = 'ada'
        res.end('held')
        then(req, res)
      },
      { options: { store }, plain: true }
    )
    const client = rawClient(port, requestText())
    await until(() => store.asked)
    return { ...seen, client, server, store }
  }

  it('is destroyed in the end, though the store never answers', async () => {
    const { socket, closed, client } = await held()
    assert.equal(socket.destroy(), socket)
    assert.equal(socket.destroy(), socket)
    assert.equal(socket.destroyed, false)
    await closed
    await client.closed
    assert.equal(client.received, '')
  })

  it('is destroyed at once by destroy(error), and by res.destroy()', async () => {
    const byError = await held()
    byError.socket.on('error', () => {})
    byError.socket.destroy(new Error('enough'))
    assert.equal(byError.socket.destroyed, true)

    const byResponse = await held()
    byResponse.res.destroy()
    assert.equal(byResponse.socket.destroyed, true)
  })

  it('is destroyed at once by an error that comes while it waits', async () => {
    const { socket, closed } = await held()
    socket.on('error', () => {})
    socket.destroy()
    assert.equal(socket.destroyed, false)
    socket.destroy(new Error('enough'))
    assert.equal(socket.destroyed, true)
    await closed.catch(() => {})
  })

  it('is destroyed at once when nothing can be sent over it any more', async () => {
    const { socket } = await held()
    socket.end()
    socket.destroy()
    assert.equal(socket.destroyed, true)
  })

  it('closes when its client leaves', async () => {
    const { client, closed, socket } = await held()
    client.socket.destroy()
    await closed.catch(() => {})
    assert.equal(socket.destroyed, true)
  })

  it('does not keep a server that closes all connections', async () => {
    const { server, closed } = await held()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await closed
  })

  it('is destroyed at once before an end, and after it is out', async () => {
    const sockets = []
    const store = heldStore()
    store.answer()
    const { port, visit } = await serveApp(
      (req, res) => {
        sockets.push(req.socket)
        req.session.user = 'ada'
        if (req.url === '/') return res.end('out')
        req.socket.destroy()
        assert.equal(req.socket.destroyed, true)
        res.end('too late')
      },
      { options: { store } }
    )
    const client = rawClient(port, requestText())
    await until(() => client.received.endsWith('out'))
    sockets[0].destroy()
    assert.equal(sockets[0].destroyed, true)
    assert.equal((await visit({ path: '/gone' })).end, 'refused')
  })

  it('has one destroy for all of its requests, which shows in no loop', async () => {
    const destroys = new Set()
    const store = heldStore()
    store.answer()
    const { port } = await serveApp(
      (req, res) => {
        const { socket } = req
        const before = Object.keys(socket).join()
        req.session.user = 'ada'
        res.end(req.url)
        destroys.add(socket.destroy)
        assert.equal(Object.keys(socket).join(), before)
      },
      { options: { store } }
    )
    const client = rawClient(port, requestText('/1') + requestText('/2') + requestText('/3', { close: true }))
    await client.closed
    assert.match(client.received, /\/1[^]*\/2[^]*\/3$/)
    assert.equal(destroys.size, 1)
  })
})

describe('a response over what is no socket of Node', () => {
  const sockets = {
    'no socket': undefined,
    'a socket that is null': null,
    'an empty object': {},
    'a text': 'socket',
    'a frozen object': Object.freeze({ destroy() {} }),
    'an object with a destroy that cannot be redefined': Object.defineProperty({}, 'destroy', { value() {} })
  }

  for (const [what, socket] of Object.entries(sockets)) {
    it(`is ended as ever: ${what}`, async () => {
      const store = heldStore()
      const req = { url: '/', method: 'GET', headers: {}, socket }
      const done = []
      const res = { end: (chunk) => done.push(chunk) }
      const middleware = session({ ...usual, genid: () => 'id1', store })
      await new Promise((resolve) => middleware(req, res, resolve))
      req.session.user = 'ada'
      res.end('last')
      store.answer()
      await until(() => store.sessions.id1 && done.length)
      assert.deepEqual(done, ['last'])
    })
  }
})
