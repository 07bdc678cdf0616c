'use strict'

// While the whole suite runs, no session id and no signed value appears in what the library says: in debug messages,
// warnings, diagnostics and the errors in these. Who has one of them has the session.

const assert = require('node:assert/strict')
const diagnostics = require('node:diagnostics_channel')
const { format } = require('node:util')
const createDebug = require('debug')

/** An id as `uid-safe` makes it, or as the harness does, and no heading of the docs; or whatever is signed as one. */
const SECRET = /(?<![\w#-])(?:[\w-]{32}|id\d+)(?![\w-])|s(?::|%3A)\S+\.[\w+/%-]{43}/

const ACTIONS = ['load', 'save', 'touch', 'destroy', 'regenerate']

/** What gave a secret away; a few are enough. */
const found = new Set()
let heard = 0

function listen(where, text) {
  heard++
  if (SECRET.test(text) && found.size < 5) found.add(`${where}: ${text}`)
}

function listenToMessage(message, channel) {
  const { ref, outcome, error } = message
  listen(String(channel), `${ref} ${outcome}`)
  // What the system says of a file names it, and a store may have made that of an id.
  if (error && !error.syscall) listen(String(channel), `${error.message} ${error.code}`)
}

/** The errors that have a code of ours. */
const CODE = /^(ENORESPONSE|ESESSIONENDED|ESTOREDISCONNECTED|ESTORETIMEOUT|ETOOMANYSESSIONS)$/

/** What an app is told of an error of ours. */
exports.listenToError = (error) => {
  if (CODE.test(error?.code)) listen('error', String(error.message))
}

/** Does something that nobody listens to, as in most apps. */
exports.unheard = async function (something) {
  const listening = ACTIONS.filter((action) =>
    diagnostics.unsubscribe(`express-session:${action}`, listenToMessage)
  )
  try {
    await something()
  } finally {
    for (const action of listening) diagnostics.subscribe(`express-session:${action}`, listenToMessage)
  }
}

exports.mochaHooks = {
  beforeAll() {
    createDebug.enable('express-session')
    // Set by that, for the processes that tests start; they say it on stderr.
    delete process.env.DEBUG
    createDebug.log = (...args) => listen('debug', format(...args))
    process.on('warning', ({ name, message }) => {
      if (name === 'SessionWarning') listen('warning', message)
    })
    for (const action of ACTIONS) diagnostics.subscribe(`express-session:${action}`, listenToMessage)
  },

  afterAll() {
    for (const action of ACTIONS) diagnostics.unsubscribe(`express-session:${action}`, listenToMessage)
    createDebug.disable()
    assert.deepEqual([...found], [])
    assert.ok(heard > 0, 'something must have been said')
  }
}
