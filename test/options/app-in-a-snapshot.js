'use strict'

// The app of ids-in-a-snapshot.test.js: draws session ids while a snapshot is made of it, and more in each process that
// starts from that; those it prints.

// Node takes it away while it makes a snapshot, and `depd` needs it (Express's own one, too).
Error.stackTraceLimit = 10

const { startupSnapshot } = require('node:v8')
const session = require('express-session')

const middleware = session({ secret: 'keyboard cat', resave: false, saveUninitialized: false })

/** The ids of so many new visitors. */
function draw(count) {
  return Array.from({ length: count }, () => {
    const req = { headers: {}, url: '/' }
    middleware(req, {}, () => {})
    return req.sessionID
  })
}

const before = draw(3)

startupSnapshot.setDeserializeMainFunction(() => {
  process.stdout.write(JSON.stringify({ before, after: draw(300) }))
})
