'use strict'

// Whoever watches a response from outside - a server that shuts down, on-finished, a listener to its events - sees it
// finish when it has left, whole, and once.

const assert = require('node:assert/strict')
const http = require('node:http')
const { finished } = require('node:stream')
const onFinished = require('on-finished')
const { JsonStore, closeAll, gate, rawClient, until } = require('../support/harness')
const { heldStore, othersAreServed, requestText, serveApp } = require('../support/responses')

const answers = {
  plain: (res) => res.end('body'),
  'sent by Express': (res) => res.send('body'),
  streamed: (res) => {
    res.write('bo')
    res.end('dy')
  },
  'of known length, written before its end': (res) => {
    res.setHeader('Content-Length', 4)
    res.write('body')
    res.end()
  },
  'without a body': (res) => res.status(204).end()
}

describe('a server that shuts down while a session is being stored', () => {
  afterEach(closeAll)

  for (const [name, answer] of Object.entries(answers)) {
    for (const kept of [false, true]) {
      it(`lets the response leave: ${name}, ${kept ? 'kept alive' : 'not kept alive'}`, async () => {
        const store = heldStore()
        const { port, server } = await serveApp(
          (req, res) => {
            req.session.user = 'ada'
            answer(res)
          },
          { options: { store } }
        )
        const agent = new http.Agent({ keepAlive: kept })
        const asked = ask({ agent, port })
        await until(() => store.asked)
        const closed = new Promise((resolve) => server.close(resolve))
        server.closeIdleConnections()
        await new Promise(setImmediate)
        store.answer()
        const { body, setCookie } = await asked
        assert.equal(body, name === 'without a body' ? '' : 'body')
        assert.match(setCookie, /^connect\.sid=/)
        agent.destroy()
        await closed
      })
    }
  }

  it('lets the response leave on a connection that has served before', async () => {
    const store = heldStore()
    const { port, server } = await serveApp(
      (req, res) => {
        if (req.url === '/') req.session.user = 'ada'
        res.end('body')
      },
      { options: { store } }
    )
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    await ask({ agent, port, path: '/before' })
    const asked = ask({ agent, port })
    await until(() => store.asked)
    server.close()
    await new Promise(setImmediate)
    store.answer()
    assert.equal((await asked).body, 'body')
    agent.destroy()
  })
})

describe('who attaches to a response after its end', () => {
  afterEach(closeAll)

  const watchers = {
    'on-finished': (res, seen) => onFinished(res, seen),
    'finished() of node:stream': (res, seen) => finished(res, seen),
    "a listener to 'finish'": (res, seen) => res.on('finish', seen),
    'the callback of a second end()': (res, seen) => res.end(seen)
  }

  for (const [name, watch] of Object.entries(watchers)) {
    for (const [kind, answer] of Object.entries(answers)) {
      it(`${name} is told when it has left, ${kind}`, async () => {
        const store = heldStore()
        const seen = []
        const { port, visit } = await serveApp(
          (req, res) => {
            req.session.user = 'ada'
            answer(res)
            watch(res, (error) => seen.push([error ?? null, 'id1' in store.sessions, res.writableFinished]))
          },
          { options: { store } }
        )
        const visited = visit()
        await until(() => store.asked)
        await othersAreServed(port)
        assert.deepEqual(seen, [], 'told before the session was stored')
        store.answer()
        assert.equal((await visited).end, 'complete')
        await until(() => seen.length)
        await othersAreServed(port)
        assert.deepEqual(seen, [[null, true, true]])
      })
    }
  }

  it('on-finished says of a response whose session is being stored that it is not finished', async () => {
    const store = heldStore()
    let res
    const { visit } = await serveApp(
      (req, response) => {
        res = response
        req.session.user = 'ada'
        res.end('body')
      },
      { options: { store } }
    )
    const visited = visit()
    await until(() => store.asked)
    assert.equal(onFinished.isFinished(res), false)
    store.answer()
    await visited
    await until(() => onFinished.isFinished(res))
  })
})

describe('no event of a response comes twice, or too early', () => {
  afterEach(closeAll)

  const events = ['prefinish', 'finish', 'close', 'error']
  const once = ['prefinish', 'finish', 'close']

  /** Notes which events of which response came. */
  const noting = (seen) => (req, res, next) => {
    seen[req.url] = []
    for (const event of events) res.on(event, () => seen[req.url].push(event))
    next()
  }

  for (const [name, answer] of Object.entries(answers)) {
    it(`for a response on its own, ${name}`, async () => {
      const seen = {}
      const { visit } = await serveApp(
        (req, res) => {
          req.session.user = 'ada'
          answer(res)
        },
        { options: { store: new JsonStore() }, first: [noting(seen)] }
      )
      await visit()
      await until(() => seen['/'].includes('close'))
      assert.deepEqual(seen['/'], once)
    })

    it(`for responses in a pipeline, the later ones stored before the first is there: ${name}`, async () => {
      const seen = {}
      const first = gate()
      const store = new JsonStore()
      const { port } = await serveApp(
        (req, res) => {
          req.session.user = 'ada'
          if (req.url === '/1') first.pass(() => answer(res))
          else answer(res)
        },
        { options: { store }, first: [noting(seen)] }
      )
      const client = rawClient(port, pipeline())
      await until(() => first.waiting && store.sessions.id2 && store.sessions.id3)
      await othersAreServed(port)
      assert.equal(client.received, '')
      assert.deepEqual([seen['/2'], seen['/3']], [[], []])
      first.open()
      await client.closed
      assertWhole(client.received, name)
      await until(() => seen['/3'].includes('close'))
      assert.deepEqual(seen, { '/1': once, '/2': once, '/3': once })
    })

    it(`for responses in a pipeline, the later ones not stored when the first leaves: ${name}`, async () => {
      const seen = {}
      const store = heldStore()
      const { port } = await serveApp(
        (req, res) => {
          if (req.url !== '/1') req.session.user = 'ada'
          answer(res)
        },
        { options: { store }, first: [noting(seen)] }
      )
      const client = rawClient(port, pipeline())
      await until(() => store.asked === 2 && seen['/1'].includes('close'))
      await othersAreServed(port)
      // What a stream has written may leave at once; its end may not.
      if (name === 'streamed') assert.equal(client.received.match(/dy/g).length, 1)
      else assert.equal(client.received.match(/HTTP\/1\.1/g).length, 1)
      assert.deepEqual([seen['/2'], seen['/3']], [[], []])
      store.answer()
      await client.closed
      assertWhole(client.received, name)
      await until(() => seen['/3'].includes('close'))
      assert.deepEqual(seen, { '/1': once, '/2': once, '/3': once })
    })
  }

  it('for a client that leaves while its session is being stored', async () => {
    const seen = {}
    const store = heldStore()
    const { port } = await serveApp(
      (req, res) => {
        req.session.user = 'ada'
        res.end('body')
      },
      { options: { store }, first: [noting(seen)] }
    )
    const client = rawClient(port, requestText('/'))
    await until(() => store.asked)
    client.socket.destroy()
    await until(() => seen['/'].includes('close'))
    store.answer()
    await until(() => store.sessions.id1)
    await othersAreServed(port)
    assert.deepEqual(
      seen['/'].filter((event) => event === 'close'),
      ['close']
    )
    assert.ok(!seen['/'].includes('error'))
  })
})

function pipeline() {
  return requestText('/1') + requestText('/2') + requestText('/3', { close: true })
}

function assertWhole(bytes, name) {
  assert.equal(bytes.match(/HTTP\/1\.1 20\d /g).length, 3)
  const bodies = bytes.match(/body|bo\r\n2\r\ndy/g)
  assert.equal(bodies?.length ?? 0, name === 'without a body' ? 0 : 3)
}

function ask(options) {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', ...options }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => (body += chunk))
      response.on('end', () => resolve({ body, setCookie: response.headers['set-cookie']?.[0] }))
      response.on('error', reject)
    })
    request.on('error', reject)
  })
}
