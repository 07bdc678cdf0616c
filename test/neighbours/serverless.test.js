'use strict'

// An app that runs as a function as a service - by serverless-http, @vendia/serverless-express or
// @codegenie/serverless-express - answers with its whole body and its cookie, and only when its session is stored: after
// that the function may be frozen.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { Readable } = require('node:stream')
const codegenie = require('@codegenie/serverless-express')
const vendia = require('@vendia/serverless-express')
const serverlessHttp = require('serverless-http')
const { expresses, session, usual } = require('./support/neighbours')

/** A request as Amazon's gateway describes it, in both of its formats. */
const events = {
  'a REST API': (url, cookie) => ({
    httpMethod: 'GET',
    path: url,
    resource: '/{proxy+}',
    headers: { Host: 'localhost', ...(cookie && { Cookie: cookie }) },
    multiValueHeaders: { Host: ['localhost'], ...(cookie && { Cookie: [cookie] }) },
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    pathParameters: { proxy: url.slice(1) },
    requestContext: { httpMethod: 'GET', path: url, stage: 'test', identity: { sourceIp: '127.0.0.1' } },
    body: null,
    isBase64Encoded: false
  }),
  'an HTTP API': (url, cookie) => ({
    version: '2.0',
    routeKey: '$default',
    rawPath: url,
    rawQueryString: '',
    headers: { host: 'localhost' },
    ...(cookie && { cookies: [cookie] }),
    requestContext: { http: { method: 'GET', path: url, sourceIp: '127.0.0.1' }, stage: '$default' },
    isBase64Encoded: false
  })
}

const adapters = {
  'serverless-http': (app) => serverlessHttp(app),
  '@vendia/serverless-express': (app) => vendia({ app }),
  '@codegenie/serverless-express': (app) => codegenie({ app })
}

/** A store that takes its time, and tells what it did. */
class SlowStore extends session.MemoryStore {
  done = []

  set(sid, data, callback) {
    setTimeout(() => super.set(sid, data, (error) => callback(error, this.done.push('set'))), 20)
  }

  touch(sid, data, callback) {
    setTimeout(() => super.touch(sid, data, (error) => callback(error, this.done.push('touch'))), 20)
  }

  destroy(sid, callback) {
    setTimeout(() => super.destroy(sid, (error) => callback(error, this.done.push('destroy'))), 20)
  }
}

const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'serverless-')), 'page.txt')

/** How the app may answer, and its body. */
const answers = {
  '/send': [(res, text) => res.send(text)],
  '/json': [(res, text) => res.json(text), (text) => JSON.stringify(text)],
  '/end': [(res, text) => res.end(text)],
  '/streamed': [
    (res, text) => {
      for (const letter of text) res.write(letter)
      res.end()
    }
  ],
  '/streamed-to-the-end': [
    (res, text) => {
      res.write(text.slice(0, 3))
      res.end(text.slice(3))
    }
  ],
  '/piped': [(res, text) => Readable.from([...text]).pipe(res)],
  '/known-length': [
    (res, text) => {
      res.setHeader('Content-Length', text.length)
      res.write(text)
      res.end()
    }
  ],
  '/head': [(res, text) => res.writeHead(200, { 'Content-Type': 'text/plain' }).end(text)],
  '/file': [(res) => res.sendFile(file), () => 'a page'],
  '/redirect': [(res) => res.redirect('/next'), () => 'Found. Redirecting to /next']
}

before(() => fs.writeFileSync(file, 'a page'))
after(() => fs.rmSync(path.dirname(file), { recursive: true }))

for (const [adapter, adapt] of Object.entries(adapters)) {
  for (const [name, express] of Object.entries(expresses)) {
    for (const [api, eventOf] of Object.entries(events)) {
      describe(`${adapter} with ${name} behind ${api}`, () => {
        for (const [url, [answer, bodyOf = (text) => text]] of Object.entries(answers)) {
          it(`a new visitor and one who comes back, answered by ${url.slice(1)}`, async () => {
            const { visit, store } = serverless((req, res) => {
              req.session.visits = (req.session.visits || 0) + 1
              answer(res, `visit ${req.session.visits}`)
            })
            const first = await visit(url)
            assert.equal(first.body, bodyOf('visit 1'))
            assert.match(first.cookie, /^connect\.sid=s%3A/)
            assert.deepEqual(store.done.splice(0), ['set'])

            const second = await visit(url, first.cookie)
            assert.equal(second.body, bodyOf('visit 2'))
            assert.equal(second.cookie, undefined)
            assert.deepEqual(store.done.splice(0), ['set'])
          })

          it(`a visitor who only reads, answered by ${url.slice(1)}`, async () => {
            const { visit, store } = serverless((req, res) => {
              req.session.user ??= 'ada'
              answer(res, `hello ${req.session.user}`)
            })
            const { cookie } = await visit(url)
            store.done = []
            const { body } = await visit(url, cookie)
            assert.equal(body, bodyOf('hello ada'))
            assert.deepEqual(store.done, ['touch'])
          })
        }

        it('a visitor who leaves', async () => {
          const { visit, store } = serverless(
            (req, res) => {
              if (req.url === '/out') req.session = null
              else req.session.user = 'ada'
              res.send('done')
            },
            { unset: 'destroy' }
          )
          const { cookie } = await visit('/in')
          store.done = []
          const { body } = await visit('/out', cookie)
          assert.equal(body, 'done')
          assert.deepEqual(store.done, ['destroy'])
          assert.deepEqual(Object.keys(store.sessions), [])
        })

        it('a visitor without a session', async () => {
          const { visit, store } = serverless((req, res) => res.send('done'))
          const { body, cookie } = await visit('/')
          assert.deepEqual([body, cookie, store.done], ['done', undefined, []])
        })

        function serverless(handler, options) {
          const store = new SlowStore()
          const app = express()
          app.use(session({ ...usual, store, ...options }))
          app.use(handler)
          const handle = adapt(app)
          return {
            store,
            async visit(url, cookie) {
              const answer = await handle(eventOf(url, cookie), {})
              const {
                statusCode,
                headers = {},
                multiValueHeaders = {},
                cookies,
                body,
                isBase64Encoded
              } = answer
              const setCookie =
                cookies ?? multiValueHeaders['set-cookie'] ?? [headers['set-cookie']].flat().filter(Boolean)
              return {
                status: statusCode,
                body: isBase64Encoded ? Buffer.from(body, 'base64').toString() : body,
                cookie: setCookie?.[0]?.split(';')[0]
              }
            }
          }
        }
      })
    }
  }
}
