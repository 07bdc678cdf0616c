'use strict'

const http = require('node:http')
const express = require('express')
const { sign } = require('cookie-signature')
const { currentTime, inTime, withClock } = require('./clock')
const { RecordingStore } = require('./recording-store')

const SECRET = 'keyboard cat'
const NAME = 'connect.sid'

/** How long a response may take before it counts as one that never comes. */
const PATIENCE = 1500

/** Headers of the day and of the connection, which say nothing of sessions. */
const UNSTABLE = ['date', 'connection', 'keep-alive']

// A body is always chunked by 1.19.0 on Bun, also by the amended one; ours is compared with the app without sessions.
if ('bun' in process.versions) UNSTABLE.push('content-length', 'transfer-encoding')

/** What a handler does with the session. Each gets the request and `call`, which calls a method of the session. */
const operations = {
  nothing() {},
  change: (req) => (req.session.count = (req.session.count || 0) + 1),
  changeNested: (req) => ((req.session.nested ||= {}).count = (req.session.nested.count || 0) + 1),
  changeBack(req) {
    req.session.passing = true
    delete req.session.passing
  },
  remove: (req) => delete req.session.count,
  removeNested: (req) => delete req.session.nested?.count,
  reservedName: (req) => (req.session.nested = { cookie: 'data', save: 'data' }),
  setNull: (req) => (req.session = null),
  deleteIt: (req) => delete req.session,
  touch: (req) => req.session.touch(),
  resetMaxAge: (req) => req.session.resetMaxAge(),
  setMaxAge: (req) => (req.session.cookie.maxAge = 30000),
  setSameMaxAge: (req) => (req.session.cookie.maxAge = req.session.cookie.originalMaxAge),
  setExpires: (req) => (req.session.cookie.expires = new Date(Date.now() + 20000)),
  dropExpires: (req) => (req.session.cookie.expires = null),
  invalidExpires: (req) => (req.session.cookie._expires = new Date(NaN)),
  setSameSite: (req) => (req.session.cookie.sameSite = 'lax'),
  wait: () => (currentTime().now += 40000)
}

/** How a handler may call the methods of the session that ask the store. */
const manners = {
  'and wait': (call, method) => call(method, 'wait'),
  'without waiting': (call, method) => void call(method, 'go on'),
  'without a callback': (call, method) => void call(method, 'no callback'),
  'and await': (call, method) => call(method, 'promise')
}

const methods = ['save', 'reload', 'regenerate', 'destroy']
for (const method of methods) {
  operations[method] = (req, call) => call(method, 'wait')
  for (const [manner, how] of Object.entries(manners).slice(1)) {
    operations[`${method} ${manner}`] = (req, call) => how(call, method)
  }
}

/** How a handler responds. What it does with the session after that, it gets from `late`. */
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
  changeAndStream(req, res) {
    res.write('first ')
    setImmediate(() => {
      step()
      if (req.session) operations.change(req)
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
  head: (req, res) => res.send('body'),
  endAndChange(req, res, call) {
    res.end('body')
    step()
    if (req.session) operations.change(req, call)
  },
  endAndSave(req, res, call) {
    res.end('body')
    step()
    if (!req.session) return
    operations.change(req)
    operations['save without waiting'](req, call)
  }
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

/** Time goes on, by itself, between one thing a handler does and the next. */
function step() {
  currentTime().now += 1000
}

/**
 * Holds a conversation with an app that uses one of the packages.
 *
 * A conversation is `{ options, requests }`, and a request `{ cookie, operations, ending, failing }`: names of what stands
 * above, and how the store fails while it is served (see RecordingStore).
 *
 * @returns `turns`, for each request what the client saw, what the app saw, what the store was asked and held, and what
 * went to `next`; and `notes`, what a package had to say of itself
 */
function hold(session, conversation) {
  return withClock(async () => {
    const turns = await converse(session, conversation)
    return { turns, notes: currentTime().notes }
  })
}

async function converse(session, { options, requests }) {
  const { maxAge, touch, ...others } = options
  const store = new (RecordingStore(session, touch))()
  const time = currentTime()
  let ids = 0
  let turn
  let current
  let closed

  const app = express()
  app.set('env', 'test')
  app.use((req, res, next) => {
    closed = new Promise((resolve) => res.on('close', () => resolve(flagsOf(res))))
    inTime(time, next)
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
    watchEnd(res, store, turn)
    const call = callsOf(req, turn)
    try {
      for (const name of current.operations) {
        step()
        if (req.session) await operations[name](req, call)
      }
      step()
      endings[current.ending](req, res, call)
    } catch (error) {
      next(error)
    }
  })
  app.use((error, req, res, next) => {
    turn.next.push(error.message)
    if (res.headersSent) next(error)
    else res.status(500).end(error.message)
  })

  const server = http.createServer(app)
  await new Promise((resolve) => server.listen(placeToListen(), resolve))
  const turns = []
  let jar
  try {
    for (current of requests) {
      time.now += 10000
      turn = { response: undefined, asked: [], answers: [], next: [], flags: [], stored: {}, crashes: [] }
      store.begin(current.failing)
      const response = await visit(server, cookies[current.cookie](jar), current.ending === 'head')
      const atClose = await closed
      await quiet(store)
      const [setCookie] = response.headers['set-cookie'] || []
      if (setCookie) jar = setCookie.split(';')[0]
      Object.assign(turn, { response, asked: store.asked, stored: { ...store.sessions } })
      turn.flags.push({ when: 'closed', ...atClose })
      turn.crashes = time.crashes.splice(0)
      turns.push(turn)
    }
  } finally {
    store.onAnswer = () => {}
    server.closeAllConnections()
    server.close()
  }
  return turns
}

/** Calls methods of the session, and notes their answers in the order of the calls. */
function callsOf(req, { answers }) {
  const ended = new Set()
  return async (method, how) => {
    const { id } = req.session
    // What becomes of a session that the app saves while it is ending it, or after that, is a question of its own.
    if (method === 'save' && ended.has(id)) return
    if (method === 'destroy' || method === 'regenerate') ended.add(id)
    const answer = [method, 'no answer']
    const note = (error) => (answer[1] = error ? error.message : 'done')
    if (how === 'no callback') {
      req.session[method]()
      return
    }
    answers.push(answer)
    if (how === 'promise') {
      await req.session[method]().then(note, note)
      return
    }
    await new Promise((resolve) => {
      req.session[method]((error) => {
        note(error)
        resolve()
      })
    })
  }
}

/** Notes what the response says of itself from the moment on at which the handler ends it. */
function watchEnd(res, store, { flags }) {
  const { end } = res
  const note = (when, more) => flags.push({ when, ...flagsOf(res), ...more })

  res.end = function (...args) {
    res.end = end
    const returned = end.apply(res, args)
    const second = end.call(res, 'second')
    note('ended', { returned: nameOf(returned), second: nameOf(second), header: lateHeader(res) })
    // From when the end has left on it is up to the network when the rest happens.
    store.onAnswer = () => res.finished || note('before an answer of the store')
    return returned
  }

  function nameOf(value) {
    return value === res ? 'the response' : typeof value
  }
}

function flagsOf({ finished, writableEnded, writableFinished, headersSent }) {
  return { finished, writableEnded, writableFinished, headersSent }
}

function lateHeader(res) {
  try {
    res.setHeader('X-Late', 'yes')
    return 'taken'
  } catch (error) {
    return error.code
  }
}

/** Waits until nothing is under way any more. */
async function quiet(store) {
  for (let calm = 0; calm < 4; calm++) {
    await new Promise(setImmediate)
    if (store.pending > 0) calm = 0
  }
  store.onAnswer = () => {}
}

let servers = 0

/** Linux takes much longer to find a free port, for each of some ten thousand servers, than for a name. */
function placeToListen() {
  if (process.platform !== 'linux') return { port: 0, host: '127.0.0.1' }
  return { path: `\0conversation-${process.pid}-${++servers}` }
}

function visit(server, cookie, isHead) {
  const address = server.address()
  return new Promise((resolve) => {
    const request = http.request(
      {
        ...(typeof address === 'string'
          ? { socketPath: address }
          : { port: address.port, host: '127.0.0.1' }),
        method: isHead ? 'HEAD' : 'GET',
        agent: false,
        headers: cookie ? { cookie } : {}
      },
      (response) => {
        let body = ''
        const kept = Object.entries(response.headers).filter(([name]) => !UNSTABLE.includes(name))
        const headers = Object.fromEntries(kept)
        const seen = (end) => resolve({ end, status: response.statusCode, headers, body })
        response.setEncoding('utf8')
        response.on('data', (chunk) => (body += chunk))
        response.on('end', () => seen('complete'))
        response.on('error', () => seen('cut'))
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

module.exports = { cookies, endings, hold, methods, operations, optionValues }
