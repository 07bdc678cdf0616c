'use strict'

// A body that is complete by its Content-Length before the app calls end() - a file, what a proxy passes on - reaches its
// client when the session is stored, like any other; a long one streams as ever, and whoever waits for a write goes on.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const os = require('node:os')
const path = require('node:path')
const { Readable, pipeline } = require('node:stream')
const express = require('express')
const { JsonStore, closeAll, gate, rawClient, serve, until } = require('../support/harness')
const {
  heldStore,
  othersAreServed,
  ownClass,
  positions,
  promptStore,
  requestText,
  serveApp
} = require('../support/responses')

const KB = 1024
const bytes = (size) => Buffer.alloc(size, 'x')
const inParts = (size, part) => Array.from({ length: size / part }, () => bytes(part))

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'length-'))
const sizes = { 'small.txt': 10, 'middle.bin': 40 * KB, 'full.bin': 64 * KB, 'long.bin': 1024 * KB }

/** How an app may write a body whose length it told: the length, and what it does. */
const bodies = {
  'one write, then end()': [
    4,
    (res) => {
      res.write('body')
      res.end()
    }
  ],
  'one write of 64 KB, then end()': [
    64 * KB,
    (res) => {
      res.write(bytes(64 * KB))
      res.end()
    }
  ],
  'two writes, then end()': [
    8,
    (res) => {
      res.write('half')
      res.write('half')
      res.end()
    }
  ],
  'a write, then one of nothing, then end()': [
    4,
    (res) => {
      res.write('body')
      res.write('')
      res.write(Buffer.alloc(0))
      res.end()
    }
  ],
  'a stream that ends in an empty chunk': [4, (res) => Readable.from(['bo', 'dy', '']).pipe(res)],
  'a write, then end() in a later turn': [
    4,
    (res) => {
      res.write('body')
      setImmediate(() => res.end())
    }
  ],
  'a write in another encoding': [
    4,
    (res) => {
      res.write('626f6479', 'hex')
      res.end()
    }
  ],
  'a write of a Uint8Array': [
    4,
    (res) => {
      res.write(new Uint8Array([98, 111, 100, 121]))
      res.end()
    }
  ],
  'a write between cork() and uncork()': [
    4,
    (res) => {
      res.cork()
      res.write('body')
      process.nextTick(() => res.uncork())
      setImmediate(() => res.end())
    }
  ],
  'a write whose callback is awaited before end()': [4, (res) => res.write('body', () => res.end())],
  'a write with encoding whose callback is awaited': [4, (res) => res.write('body', 'utf8', () => res.end())],
  'writes whose callbacks are all awaited': [
    40 * KB,
    async (res) => {
      for (const part of inParts(40 * KB, 4 * KB)) await new Promise((resolve) => res.write(part, resolve))
      res.end()
    }
  ],
  'writes that wait for a drain': [
    60 * KB,
    async (res) => {
      for (const part of inParts(60 * KB, KB)) {
        if (!res.write(part)) await once(res, 'drain')
      }
      res.end()
    }
  ],
  'a pipe of one chunk': [4, (res) => Readable.from(['body']).pipe(res)],
  'a pipe of many chunks': [64 * KB, (res) => Readable.from(inParts(64 * KB, KB)).pipe(res)],
  'a pipe of large chunks': [64 * KB, (res) => Readable.from(inParts(64 * KB, 32 * KB)).pipe(res)],
  'a pipeline': [64 * KB, (res) => pipeline(Readable.from(inParts(64 * KB, 16 * KB)), res, () => {})],
  'writes, the last of them by end()': [
    8,
    (res) => {
      res.write('half')
      res.end('half')
    }
  ]
}

const heads = {
  'by setHeader()': (res, length) => res.setHeader('Content-Length', length),
  'by setHeader(), as text': (res, length) => res.setHeader('content-length', String(length)),
  'by writeHead()': (res, length) => res.writeHead(200, { 'Content-Length': length }),
  'by writeHead() with a reason': (res, length) => res.writeHead(200, 'Fine', { 'Content-Length': length }),
  'by writeHead() with a list': (res, length) => res.writeHead(200, ['Content-Length', length])
}

class OwnResponse extends http.ServerResponse {
  write(...args) {
    return super.write(...args)
  }

  end(...args) {
    return super.end(...args)
  }
}

const places = {
  ...positions,
  'a response class of the app': ownClass(OwnResponse)
}

describe('a body that is complete by its Content-Length before end()', () => {
  before(() => {
    for (const [name, size] of Object.entries(sizes)) fs.writeFileSync(path.join(folder, name), bytes(size))
  })
  after(() => fs.rmSync(folder, { recursive: true }))
  afterEach(closeAll)

  for (const [place, around] of Object.entries(places)) {
    describe(`with ${place}`, () => {
      for (const [name, [length, write]] of Object.entries(bodies)) {
        // Its write() forgets the callback then.
        if (place === 'compression after the session' && /encoding whose callback/.test(name)) continue
        it(`is held until the session is stored: ${name}`, () =>
          isHeld((req, res) => write(res.set('Content-Length', String(length))), { length, around }))
      }
    })
  }

  for (const [name, setLength] of Object.entries(heads)) {
    it(`is held where the length was told ${name}`, () =>
      isHeld(
        (req, res) => {
          setLength(res, 4)
          res.write('body')
          setImmediate(() => res.end())
        },
        { length: 4 }
      ))
  }

  it('is held where the head was flushed before', () =>
    isHeld(
      (req, res) => {
        res.setHeader('Content-Length', 4)
        res.flushHeaders()
        res.write('body')
        setImmediate(() => res.end())
      },
      { length: 4 }
    ))

  for (const name of ['small.txt', 'middle.bin', 'full.bin']) {
    it(`is held when sendFile() sends it: ${name}`, () =>
      isHeld((req, res) => res.sendFile(path.join(folder, name)), { length: sizes[name] }))

    it(`is held when express.static sends it: ${name}`, () => {
      const files = express.static(folder)
      return isHeld((req, res, next) => files(req, res, next), { length: sizes[name], path: `/${name}` })
    })
  }

  it('is held when it is a part of a long file', () =>
    isHeld((req, res) => res.sendFile(path.join(folder, 'long.bin')), {
      length: 1000,
      headers: { Range: 'bytes=5000-5999' }
    }))

  it('is held until the touch and the destroy, too', async () => {
    for (const method of ['touch', 'destroy']) {
      const store = heldStore(method)
      const { port, visit } = await serveApp(
        (req, res) => {
          if (req.url === '/login') req.session.user = 'ada'
          else if (method === 'destroy') req.session = null
          res.setHeader('Content-Length', 4)
          res.write('body')
          res.end()
        },
        { options: { store, unset: 'destroy' } }
      )
      const { cookie } = await visit({ path: '/login' })
      const client = rawClient(port, requestText('/', { close: true, headers: { Cookie: cookie } }))
      await until(() => store.asked)
      await othersAreServed(port)
      assert.equal(client.received, '', method)
      store.answer()
      await client.closed
      assert.match(client.received, /\r\n\r\nbody$/)
    }
  })

  it('so its client can act on it at once, and is known', async () => {
    const store = heldStore()
    const { port } = await serveApp(
      (req, res) => {
        const known = req.session.user || 'nobody'
        req.session.user = 'ada'
        res.setHeader('Content-Length', known.length)
        res.write(known)
        setImmediate(() => res.end())
      },
      { options: { store } }
    )
    const client = rawClient(port, requestText('/'))
    let second
    client.socket.on('data', () => {
      if (second || !client.received.endsWith('nobody')) return
      const cookie = /Set-Cookie: ([^;]*)/.exec(client.received)[1]
      second = rawClient(port, requestText('/', { close: true, headers: { Cookie: cookie } }))
    })
    await until(() => store.asked)
    await othersAreServed(port)
    store.answer()
    await until(() => second)
    await second.closed
    assert.match(second.received, /\r\n\r\nada$/)
    assert.doesNotMatch(second.received, /Set-Cookie/)
  })

  for (const [name, [length, write]] of Object.entries(bodies)) {
    it(`arrives whole though nothing is to be stored, or the store answers at once: ${name}`, async () => {
      for (const change of [false, true]) {
        const { visit } = await serveApp(
          (req, res) => {
            if (change) req.session.user = 'ada'
            write(res.set('Content-Length', String(length)))
          },
          { options: { store: promptStore() } }
        )
        const { end, body } = await visit()
        assert.deepEqual([end, body.length], ['complete', length])
      }
    })
  }

  for (const [what, args, code] of [
    ['null', [null], 'ERR_STREAM_NULL_VALUES'],
    ['nothing', [], 'ERR_INVALID_ARG_TYPE'],
    ['bytes of another type', [new Uint16Array(0)], 'ERR_INVALID_ARG_TYPE'],
    ['text in no encoding', ['', 'nope'], 'ERR_UNKNOWN_ENCODING']
  ]) {
    it(`is followed by nothing that Node refuses: ${what}`, async () => {
      let refused
      const { visit } = await serveApp((req, res) => {
        req.session.user = 'ada'
        res.set('Content-Length', '4')
        res.write('body')
        try {
          res.write(...args)
        } catch (error) {
          refused = error.code
        }
        res.end()
      })
      assert.deepEqual([(await visit()).body, refused], ['body', code])
    })
  }

  it('arrives though the app never calls end()', async () => {
    const { visit } = await serveApp((req, res) => {
      req.session.user = 'ada'
      res.setHeader('Content-Length', 4)
      res.write('body')
    })
    const { end, body } = await visit()
    assert.deepEqual([end, body], ['complete', 'body'])
  })

  it('breaks off where it cannot be sent after all, and the app never calls end()', async () => {
    const { visit } = await serve(
      {},
      (req, res) => {
        req.session.user = 'ada'
        res.setHeader('Content-Length', 4)
        res.write('body')
      },
      (app) =>
        app.use((req, res, next) => {
          res.write = () => {
            throw new Error('broken by an outer wrapper')
          }
          next()
        })
    )
    assert.notEqual((await visit()).end, 'complete')
  })

  it('arrives though the app waits for something else before it calls end(); then the session is stored', async () => {
    const step = gate()
    const store = new JsonStore()
    const { visit } = await serveApp(
      (req, res) => {
        req.session.user = 'ada'
        res.setHeader('Content-Length', 4)
        res.write('body')
        step.pass(() => res.end())
      },
      { options: { store } }
    )
    const { end, body } = await visit()
    assert.deepEqual([end, body], ['complete', 'body'])
    step.open()
    await until(() => store.sessions.id1)
  })

  it('calls the callback of each write once, without an error, and those in order', async () => {
    const store = heldStore()
    const calls = []
    const { visit } = await serveApp(
      (req, res) => {
        req.session.user = 'ada'
        res.setHeader('Content-Length', 8)
        res.write('half', (error) => calls.push(['first', error ?? null]))
        res.write('half', (error) => calls.push(['second', error ?? null]))
        res.end(() => calls.push(['end', null]))
      },
      { options: { store } }
    )
    const visited = visit()
    await until(() => store.asked)
    store.answer()
    assert.equal((await visited).end, 'complete')
    await until(() => calls.length === 3)
    assert.deepEqual(calls, [
      ['first', null],
      ['second', null],
      ['end', null]
    ])
  })

  it('harms nobody when its client leaves meanwhile', async () => {
    const store = heldStore()
    const errors = []
    const { port, visit } = await serveApp(
      (req, res) => {
        res.on('error', (error) => errors.push(error))
        req.session.user = 'ada'
        res.setHeader('Content-Length', 4)
        res.write('body')
        res.end()
      },
      { options: { store } }
    )
    const client = rawClient(port, requestText('/'))
    await until(() => store.asked)
    client.socket.destroy()
    await othersAreServed(port)
    store.answer()
    await until(() => store.sessions.id1)
    assert.equal((await visit()).body, 'body')
    assert.deepEqual(errors, [])
  })
})

describe('a long body of known length', () => {
  before(() => fs.mkdirSync(folder, { recursive: true }))
  after(() => fs.rmSync(folder, { recursive: true, force: true }))
  afterEach(closeAll)

  it('streams: what was written arrives before the app calls end()', async () => {
    const step = gate()
    const length = 256 * KB
    const { port } = await serveApp((req, res) => {
      req.session.user = 'ada'
      res.setHeader('Content-Length', length)
      res.write(bytes(length / 2))
      step.pass(() => res.end(bytes(length / 2)))
    })
    const client = rawClient(port, requestText('/', { close: true }))
    await until(() => client.received.length > length / 2)
    step.open()
    await client.closed
    assert.ok(client.received.endsWith('\r\n\r\n' + 'x'.repeat(length)))
  })

  it('arrives whole from a file, and the session is stored', async () => {
    const file = path.join(folder, 'long.bin')
    fs.writeFileSync(file, bytes(sizes['long.bin']))
    const store = new JsonStore()
    const { visit } = await serveApp(
      (req, res) => {
        req.session.user = 'ada'
        res.sendFile(file)
      },
      { options: { store } }
    )
    const { end, body } = await visit()
    assert.deepEqual([end, body.length], ['complete', sizes['long.bin']])
    await until(() => store.sessions.id1)
  })
})

/** A client gets nothing of a body that it could act on before the session is stored, and then all of it. */
async function isHeld(answer, { length, around, path = '/', headers }) {
  const store = heldStore()
  const { port } = await serveApp(
    (req, res, next) => {
      req.session.user = 'ada'
      answer(req, res, next)
    },
    { options: { store }, ...around }
  )
  const client = rawClient(port, requestText(path, { close: true, headers }))
  const bodyLength = () => client.received.length - (client.received.indexOf('\r\n\r\n') + 4)
  await until(() => store.asked)
  await othersAreServed(port)
  const before = client.received === '' ? 0 : bodyLength()
  assert.ok(before < length, `${before} bytes of ${length} before the session was stored`)
  store.answer()
  await client.closed
  assert.equal(bodyLength(), length)
}
