'use strict'

// An Express app without sessions, and the `server` of Node that it is on; `server.listen(...)` is called when the block
// does not do that.

const http = require('node:http')
require('./bare')

const { app, endOfBlock } = globalThis
const server = http.createServer(app)

globalThis.server = server
globalThis.endOfBlock = async (app) => {
  server.listening || server.listen(3000)
  await endOfBlock(app)
}
