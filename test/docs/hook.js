'use strict'

// Loaded before each block: moves the ports that it listens on to free ones, and tells the runner of them and of what the
// package has to say about the block.

const net = require('node:net')
const tls = require('node:tls')

const { listen } = net.Server.prototype
const { connect } = net.Socket.prototype

/** The servers, by the ports that the block thinks they have. */
const moved = new Map()

const tell = (message) => process.send?.(message)

net.Server.prototype.listen = function (...args) {
  const port = Number(args[0]?.port ?? args[0])
  // Port 0 is what tests listen on: such a program ends by itself.
  if (!port) return listen.apply(this, args)

  moved.set(port, this)
  this.once('listening', () => {
    tell({ listening: port, at: this.address().port, secure: this instanceof tls.Server })
  })
  return listen.call(
    this,
    0,
    '127.0.0.1',
    args.find((argument) => typeof argument === 'function')
  )
}

/** A block may ask its own server. */
net.Socket.prototype.connect = function (...args) {
  const options = Array.isArray(args[0]) ? args[0][0] : args[0]
  const server = moved.get(Number(options?.port ?? options))
  if (!server) return connect.apply(this, args)
  if (!server.listening) {
    server.once('listening', () => this.connect(...args))
    return this
  }

  const { port } = server.address()
  if (Array.isArray(args[0])) args[0][0] = { ...options, port, host: '127.0.0.1' }
  else if (typeof options === 'object') args[0] = { ...options, port, host: '127.0.0.1' }
  else args[0] = port
  return connect.apply(this, args)
}

process.on('warning', ({ code, message }) => {
  if (code?.startsWith('EXPRESS_SESSION')) tell({ warning: code, message })
})

process.on('deprecation', ({ namespace, message }) => {
  if (namespace === 'express-session') tell({ warning: 'deprecated', message })
})
