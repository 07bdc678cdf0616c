'use strict'

// A client hears nothing of a response before its session is stored, touched or destroyed, so it can never act on what is
// not true yet. Of a response that is streamed, it hears the end only then.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { Readable } = require('node:stream')
const zlib = require('node:zlib')
const { closeAll, rawClient, until } = require('../support/harness')
const { heldStore, othersAreServed, positions, requestText, serveApp } = require('../support/responses')

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ending-'))
const small = path.join(folder, 'small.txt')
const large = path.join(folder, 'large.txt')
const text = 'text '.repeat(4000)

/** How the app answers, and the body a client gets. */
const whole = {
  'end()': [(res) => res.end(), ''],
  'end(text)': [(res) => res.end('body'), 'body'],
  'send(text)': [(res) => res.send('body'), 'body'],
  'send(Buffer)': [(res) => res.send(Buffer.from('body')), 'body'],
  'json()': [(res) => res.json({ a: 1 }), '{"a":1}'],
  'redirect()': [(res) => res.redirect('/next'), 'Found. Redirecting to /next'],
  'a status without a body': [(res) => res.status(204).end(), ''],
  'sendStatus()': [(res) => res.sendStatus(403), 'Forbidden'],
  'not modified': [(res) => res.status(304).end(), ''],
  'sendFile()': [(res) => res.sendFile(small), 'small file'],
  'writeHead() and end(text)': [(res) => res.writeHead(200, { 'Content-Length': 4 }).end('body'), 'body']
}

/** These become streams where they are compressed: what the middleware sees of them, or what a client sees. */
const compressible = {
  'send(long text)': [(res) => res.type('text').send(text), text, ['compression after the session']],
  'sendFile() of a long text': [
    (res) => res.sendFile(large),
    text,
    ['compression before the session', 'compression after the session']
  ]
}

const streams = {
  'write() and end(text)': (res) => {
    res.type('text')
    res.write('first ')
    res.end('last')
  },
  'write() and end()': (res) => {
    res.type('text')
    res.write('first ')
    res.write('last')
    res.end()
  },
  'flushHeaders() and end(text)': (res) => {
    res.type('text').flushHeaders()
    res.end('first last')
  },
  'a pipe': (res) => Readable.from(['first ', 'last']).pipe(res.type('text'))
}

describe('a client', () => {
  before(() => {
    fs.writeFileSync(small, 'small file')
    fs.writeFileSync(large, text)
  })
  after(() => fs.rmSync(folder, { recursive: true }))
  afterEach(closeAll)

  for (const [place, around] of Object.entries(positions)) {
    describe(`with ${place},`, () => {
      for (const [name, [end, body, streamed = []]] of Object.entries({ ...whole, ...compressible })) {
        if (streamed.includes(place)) continue
        it(`hears nothing of ${name} before the session is stored`, async () => {
          const { client, received } = await heardWhileStored(end, around)
          assert.equal(received, '')
          assert.match(client.received, /^HTTP\/1\.1 [234]\d\d /)
          assert.match(client.received, /Set-Cookie: connect\.sid=/)
          assert.equal(bodyOf(client.received), body)
        })
      }

      for (const [name, end] of Object.entries(streams)) {
        it(`hears the end of a stream by ${name} only when the session is stored`, async () => {
          const { client, received } = await heardWhileStored(end, around)
          assert.doesNotMatch(received, /\r\n0\r\n/)
          assert.equal(bodyOf(client.received), 'first last')
        })
      }
    })
  }

  for (const [name, [end, body, streamed]] of Object.entries(compressible)) {
    for (const place of streamed) {
      it(`with ${place}, hears the end of ${name} only when the session is stored`, async () => {
        const { client, received } = await heardWhileStored(end, positions[place])
        assert.doesNotMatch(received, /\r\n0\r\n/)
        assert.equal(bodyOf(client.received), body)
      })
    }
  }

  for (const method of ['touch', 'destroy']) {
    for (const name of ['redirect()', 'send(text)', 'sendFile()', 'a status without a body']) {
      it(`hears nothing of ${name} before the ${method}`, async () => {
        const store = heldStore(method)
        const [end, body] = whole[name]
        const { port, visit } = await serveApp(
          (req, res) => {
            if (req.url === '/login') {
              req.session.user = 'ada'
              return res.end()
            }
            if (method === 'destroy') req.session = null
            end(res)
          },
          { options: { store, unset: 'destroy' } }
        )
        const { cookie } = await visit({ path: '/login' })
        const client = rawClient(port, requestText('/', { close: true, headers: { Cookie: cookie } }))
        await until(() => store.asked)
        await othersAreServed(port)
        assert.equal(client.received, '')
        store.answer()
        await client.closed
        assert.equal(bodyOf(client.received), body)
      })
    }
  }

  it('hears nothing of a HEAD request before the session is stored', async () => {
    for (const around of Object.values(positions)) {
      const { client, received } = await heardWhileStored((res) => res.send('body'), around, 'HEAD')
      assert.equal(received, '')
      assert.match(client.received, /Content-Length: 4\r\n/)
      assert.match(client.received, /\r\n\r\n$/)
    }
  })

  it('hears of early hints and of 100 Continue at once', async () => {
    const store = heldStore()
    const { port } = await serveApp(
      (req, res) => {
        req.session.user = 'ada'
        res.writeContinue()
        res.writeEarlyHints({ link: '</style.css>; rel=preload' })
        res.end('body')
      },
      { options: { store } }
    )
    const client = rawClient(port, requestText('/', { close: true }))
    await until(() => store.asked)
    await othersAreServed(port)
    assert.match(client.received, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 103 Early Hints\r\n/)
    assert.doesNotMatch(client.received, / 200 /)
    store.answer()
    await client.closed
    assert.match(client.received, /HTTP\/1\.1 200 OK\r\n[^]*body$/)
  })
})

/** Asks for a page whose session takes its time to be stored: all that came, and what had come before it was stored. */
async function heardWhileStored(end, around, method = 'GET') {
  const store = heldStore()
  const { port } = await serveApp(
    (req, res) => {
      req.session.user = 'ada'
      end(res)
    },
    { options: { store }, ...around }
  )
  const client = rawClient(
    port,
    requestText('/', { method, close: true, headers: { 'Accept-Encoding': 'gzip' } })
  )
  await until(() => store.asked)
  await othersAreServed(port)
  const { received } = client
  store.answer()
  await client.closed
  return { client, received }
}

/** The body of a response, without what it was wrapped in on its way. */
function bodyOf(bytes) {
  const start = bytes.indexOf('\r\n\r\n') + 4
  const head = bytes.slice(0, start)
  let body = bytes.slice(start)
  if (/Transfer-Encoding: chunked/i.test(head)) {
    let chunks = body
    body = ''
    for (;;) {
      const [line, size] = /^([\da-f]+)\r\n/.exec(chunks)
      const length = parseInt(size, 16)
      if (!length) break
      body += chunks.slice(line.length, line.length + length)
      chunks = chunks.slice(line.length + length + 2)
    }
  }
  if (!/Content-Encoding: gzip/i.test(head)) return body
  return zlib.gunzipSync(Buffer.from(body, 'latin1')).toString('latin1')
}
