'use strict'

/** Ours, got as every app gets it; or the published one, to see how a neighbour fares with that. */
const session =
  process.env.SESSION_IMPLEMENTATION === 'upstream' ? require('upstream-session') : require('express-session')

/** Where a neighbour works on both versions of Express, it is tried on both. */
const expresses = { 'Express 5': require('express'), 'Express 4': require('express-4') }

const usual = { secret: 'keyboard cat', resave: false, saveUninitialized: false }

/** Has a server listen until the tests of the file are over. */
async function listening(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  opened.push(server)
  return `http://127.0.0.1:${server.address().port}`
}

const opened = []

async function closeAll() {
  for (const server of opened.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

/** What a browser would send back. */
function cookiesOf(response) {
  return (response.headers['set-cookie'] || []).map((text) => text.split(';')[0]).join('; ')
}

module.exports = { closeAll, cookiesOf, expresses, listening, session, usual }
