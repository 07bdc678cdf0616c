'use strict'

// A stand-in for MongoDB, for tests only: the part of its wire protocol (OP_MSG, and the OP_QUERY of a first `hello`)
// and of its commands that session stores use, over plain maps. It is not MongoDB and says nothing about MongoDB's
// speed, durability or limits; set MONGODB_URL to run the tests on the real one.
//
//   node mongodb-stand-in.js <port> <journal file>

const net = require('node:net')
const { deserialize, serialize } = require('bson')
const { Collections } = require('./mongodb-stand-in/collections')
const commands = require('./mongodb-stand-in/commands')
const { readMessage, replyTo } = require('./mongodb-stand-in/wire')

const [port, journal] = process.argv.slice(2)
const collections = new Collections(journal)
const bson = {
  // Numbers and dates as JavaScript has them, but no loss: what came in as 64 bits goes out as 64 bits.
  read: (bytes) => deserialize(bytes, { promoteValues: true, promoteBuffers: false }),
  write: (document) => serialize(document, { ignoreUndefined: true })
}

net
  .createServer((socket) => {
    let received = Buffer.alloc(0)
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      while (received.length >= 4 && received.length >= received.readInt32LE(0)) {
        const length = received.readInt32LE(0)
        const message = readMessage(received.subarray(0, length), bson)
        received = received.subarray(length)
        const answer = carryOut(message.command)
        if (!message.silent) socket.write(replyTo(message, answer, bson))
      }
    })
  })
  .listen(Number(port), '127.0.0.1')

// MongoDB looks for expired documents once a minute, which is longer than a test waits.
setInterval(() => collections.removeExpired(new Date()), 500).unref()

function carryOut(command) {
  const name = Object.keys(command)[0]
  const carry = commands[name.toLowerCase()]
  if (!carry) {
    return { ok: 0, errmsg: `the stand-in has no command '${name}'`, code: 59, codeName: 'CommandNotFound' }
  }
  try {
    return { ok: 1, ...carry(command, collections) }
  } catch (error) {
    return {
      ok: 0,
      errmsg: error.message,
      code: error.code ?? 1,
      codeName: error.codeName ?? 'InternalError'
    }
  }
}
