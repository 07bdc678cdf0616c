'use strict'

const http = require('node:http')
const express = require('express')
const { sign } = require('cookie-signature')
const { RecordingStore } = require('./recording-store')
const { normaliseResponse, normaliseText } = require('./normalise')

const SECRET = 'keyboard cat'
const NAME = 'connect.sid'

/** How long a response may take before it counts as one that never comes: 1.19.0 has some of those. */
const PATIENCE = 1500

/**
 * What a handler does with the session before it responds. Each gets the request and `wait`, which calls a method of the
 * session with a callback and notes its answer.
 */
const operations = {
  nothing() {},
  change: (req) => (req.session.count = (req.session.count || 0) + 1),
  changeNested: (req) => ((req.session.nested ||= {}).count = (req.session.nested.count || 0) + 1),
  changeBack(req) {
    req.session.passing = true
    delete req.session.passing
  },
  remove: (req) => delete req.session.count,
  reservedName: (req) => (req.session.nested = { cookie: 'data', save: 'data' }),
  save: (req, wait) => wait('save'),
  reload: (req, wait) => wait('reload'),
  regenerate: (req, wait) => wait('regenerate'),
  destroy: (req, wait) => wait('destroy'),
  setNull: (req) => (req.session = null),
  deleteIt: (req) => delete req.session,
  touch: (req) => req.session.touch(),
  resetMaxAge: (req) => req.session.resetMaxAge(),
  setMaxAge: (req) => (req.session.cookie.maxAge = 30000),
  setSameMaxAge: (req) => (req.session.cookie.maxAge = req.session.cookie.originalMaxAge),
  setExpires: (req) => (req.session.cookie.expires = new Date(Date.now() + 20000)),
  dropExpires: (req) => (req.session.cookie.expires = null),
  invalidExpires: (req) => (req.session.cookie._expires = new Date(NaN))
}

/** How a handler responds. */
const endings = {
  end: (req, res) => res.end(),
  endWithBody: (req, res) => res.end('body'),
  endWithBuffer: (req, res) => res.end(Buffer.from('body')),
  send: (req, res) => res.send('body'),
  json: (req, res) => res.json({ session: req.session, id: req.sessionID }),
  redirect: (req, res) => res.redirect('/elsewhere'),
  stream(req, res) {
    res.write('first ')
    setImmediate(() => {
      res.write('second ')
      res.end('last')
    })
  },
  noContent: (req, res) => res.status(204).end(),
  notModified: (req, res) => res.status(304).end(),
  writeHead(req, res) {
    res.writeHead(201, { 'X-Written': 'yes' })
    res.end('body')
  },
  flushHeaders(req, res) {
    res.flushHeaders()
    setImmediate(() => res.end('body'))
  },
  head: (req, res) => res.send('body')
}

/** Which cookie a request brings, given the one that a browser would have by now. */
const cookies = {
  returning: (jar) => jar,
  none: () => undefined,
  tampered: (jar) => jar && jar.slice(0, -3) + (jar.endsWith('AAA') ? 'BBB' : 'AAA'),
  unknown: () => cookieFor('nobody'),
  unsigned: () => `${NAME}=id1`,
  otherSecret: () => cookieFor('id1', 'another secret'),
  amongOthers: (jar) => `theme=dark; ${jar || 'a=b'}; lang=en`
}

const optionValues = {
  resave: [true, false],
  saveUninitialized: [true, false],
  rolling: [true, false],
  unset: ['keep', 'destroy'],
  maxAge: [undefined, 60000],
  touch: [true, false]
}

function cookieFor(id, secret = SECRET) {
  return `${NAME}=${encodeURIComponent('s:' + sign(id, secret))}`
}

/**
 * Holds a conversation with an app that uses one of the two packages.
 *
 * A conversation is `{ options, requests }`, and a request `{ cookie, operations, ending, failing }`: names of what stands
 * above, and the method of the store that fails while it is served.
 *
 * @returns for each request what the client saw, what the store was asked and held, and what went to `next`
 */
async function hold(session, { options, requests }) {
  const { maxAge, touch, ...others } = options
  const store = new (RecordingStore(session, touch))()
  let ids = 0
  let current

  const app = express()
  app.set('env', 'test')
  let closed
  app.use((req, res, next) => {
    closed = new Promise((resolve) => res.on('close', resolve))
    next()
  })
  app.use(
    session({
      ...others,
      secret: SECRET,
      store,
      cookie: maxAge === undefined ? {} : { maxAge },
      genid: () => 'id' + ++ids
    })
  )
  app.use(async (req, res, next) => {
    const wait = (method) =>
      new Promise((resolve) => {
        req.session[method]((error) => {
          store.log.push([`${method} answered`, error ? error.message : null])
          resolve()
        })
      })
    try {
      for (const name of current.operations) {
        if (req.session) await operations[name](req, wait)
      }
      endings[current.ending](req, res)
    } catch (error) {
      next(error)
    }
  })
  app.use((error, req, res, next) => {
    store.log.push(['next', error.message])
    if (res.headersSent) next(error)
    else res.status(500).end(error.message)
  })

  const server = http.createServer(app)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const turns = []
  let jar
  try {
    for (current of requests) {
      store.begin(current.failing)
      const response = await visit(
        server.address().port,
        cookies[current.cookie](jar),
        current.ending === 'head'
      )
      // What goes to next() does so when the response is out.
      await closed
      await new Promise((resolve) => setTimeout(resolve, 2))
      const [setCookie] = response.headers['set-cookie'] || []
      if (setCookie) jar = setCookie.split(';')[0]
      turns.push({
        response: normaliseResponse(response),
        log: store.log.map((entry) =>
          entry.map((part) => (typeof part === 'string' ? normaliseText(part) : part))
        ),
        stored: Object.entries(store.sessions).map(([id, json]) => [id, normaliseText(json)])
      })
    }
  } finally {
    server.closeAllConnections()
    server.close()
  }
  return turns
}

function visit(port, cookie, isHead) {
  return new Promise((resolve) => {
    const request = http.request(
      {
        port,
        host: '127.0.0.1',
        method: isHead ? 'HEAD' : 'GET',
        agent: false,
        headers: cookie ? { cookie } : {}
      },
      (response) => {
        let body = ''
        const seen = (end) => ({ end, status: response.statusCode, headers: response.headers, body })
        response.setEncoding('utf8')
        response.on('data', (chunk) => (body += chunk))
        response.on('end', () => resolve(seen('complete')))
        response.on('error', () => resolve(seen('cut')))
      }
    )
    const failed = (end) => resolve({ end, status: 0, headers: {}, body: '' })
    request.on('error', () => failed('refused'))
    request.setTimeout(PATIENCE, () => {
      failed('never')
      request.destroy()
    })
    request.end()
  })
}

module.exports = { cookies, endings, hold, operations, optionValues }
