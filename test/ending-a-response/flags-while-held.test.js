'use strict'

// While the session is being stored, the response says that it is not out yet: `finished`, `writableEnded` and
// `writableFinished` are false, as in 1.19.0, though its headers are sent and nothing can be added to it.

const assert = require('node:assert/strict')
const { ServerResponse } = require('node:http')
const { closeAll, until } = require('../support/harness')
const { heldStore, ownClass, positions, serveApp } = require('../support/responses')

const flagsOf = (res) => ({
  finished: res.finished,
  writableEnded: res.writableEnded,
  writableFinished: res.writableFinished,
  headersSent: res.headersSent
})

const held = { finished: false, writableEnded: false, writableFinished: false, headersSent: true }
const out = { finished: true, writableEnded: true, writableFinished: true, headersSent: true }

const endings = {
  'end()': (res) => res.end(),
  'end(body)': (res) => res.end('body'),
  'send(body)': (res) => res.send('body'),
  'redirect()': (res) => res.redirect('/next'),
  204: (res) => res.status(204).end(),
  'a stream': (res) => {
    res.write('first ')
    res.end('last')
  },
  'writeHead() and end()': (res) => res.writeHead(200, { 'Content-Type': 'text/plain' }).end('body'),
  'a body of known length, written before': (res) => {
    res.setHeader('Content-Length', 4)
    res.write('body')
    res.end()
  }
}

class OwnResponse extends ServerResponse {
  end(...args) {
    return super.end(...args)
  }
}

const around = {
  ...positions,
  'a response class of the app': ownClass(OwnResponse),
  'an overridden app.response.end': {
    setUp(app) {
      app.response.end = function (...args) {
        return ServerResponse.prototype.end.apply(this, args)
      }
    }
  }
}

for (const [name, place] of Object.entries(around)) {
  describe(`with ${name}, while the session is being stored`, () => {
    afterEach(closeAll)

    for (const [ending, end] of Object.entries(endings)) {
      it(`a response ended by ${ending} is not out yet, and says so`, async () => {
        const store = heldStore()
        let res
        const { visit } = await serveApp(
          (req, response) => {
            res = response
            req.session.user = 'ada'
            end(res)
          },
          { options: { store }, ...place }
        )
        const visited = visit()
        await until(() => store.asked)
        assert.deepEqual(flagsOf(res), held)
        store.answer()
        const { end: ended, status } = await visited
        assert.equal(ended, 'complete')
        assert.ok(status < 400, String(status))
        await until(() => res.writableFinished)
        assert.deepEqual(flagsOf(res), out)
      })
    }

    it('a second end() is ignored', async () => {
      const store = heldStore()
      const errors = []
      let result
      const { visit } = await serveApp(
        (req, res) => {
          res.on('error', (error) => errors.push(error))
          req.session.user = 'ada'
          res.end('first')
          result = res.end('second') === res
        },
        { options: { store }, ...place }
      )
      const visited = visit()
      await until(() => store.asked)
      store.answer()
      const { end, body } = await visited
      assert.deepEqual([end, body, result, errors], ['complete', 'first', true, []])
    })

    it('a write is refused as Node refuses it after an end', async () => {
      const store = heldStore()
      const codes = []
      let result
      const { visit } = await serveApp(
        (req, res) => {
          res.on('error', (error) => codes.push(`event ${error.code}`))
          req.session.user = 'ada'
          res.end('body')
          result = res.write('more', (error) => codes.push(`callback ${error?.code}`))
        },
        { options: { store }, ...place }
      )
      const visited = visit()
      await until(() => store.asked)
      assert.equal(result, false)
      assert.deepEqual(codes.sort(), [
        'callback ERR_STREAM_WRITE_AFTER_END',
        'event ERR_STREAM_WRITE_AFTER_END'
      ])
      store.answer()
      const { end, body } = await visited
      assert.deepEqual([end, body], ['complete', 'body'])
    })

    it('status and headers are settled', async () => {
      const store = heldStore()
      const codes = []
      const { visit } = await serveApp(
        (req, res) => {
          req.session.user = 'ada'
          res.end('body')
          for (const change of [
            () => res.setHeader('X-Late', '1'),
            () => res.appendHeader('X-Late', '1'),
            () => res.removeHeader('Set-Cookie'),
            () => res.writeHead(500)
          ]) {
            try {
              change()
            } catch (error) {
              codes.push(error.code)
            }
          }
        },
        { options: { store }, ...place }
      )
      const visited = visit()
      await until(() => store.asked)
      store.answer()
      const { status, headers } = await visited
      assert.deepEqual(codes, new Array(4).fill('ERR_HTTP_HEADERS_SENT'))
      assert.deepEqual([status, headers['x-late']], [200, undefined])
      assert.match(headers['set-cookie'][0], /^connect\.sid=/)
    })
  })
}
