'use strict'

// node examples/sockets/server.js, after `npm ci`. Open it in two tabs, log out in one, and look at the other.

const { randomBytes } = require('node:crypto')
const { createChat } = require('./chat')

const port = Number(process.env.PORT || 3000)
const secret = process.env.SESSION_SECRET || randomBytes(32).toString('hex')

createChat({ secret }).listen(port, () => console.log(`The chat is open: http://localhost:${port}`))
