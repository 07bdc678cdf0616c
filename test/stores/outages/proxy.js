'use strict'

const net = require('node:net')

/** The network between an app and its server, which can lose what is sent: nobody is told, and the connections stay open. */
class Proxy {
  static async to(port) {
    const proxy = new Proxy()
    proxy.target = port
    proxy.pairs = new Set()
    proxy.server = net.createServer((socket) => proxy.connect(socket))
    await new Promise((resolve) => proxy.server.listen(0, '127.0.0.1', resolve))
    proxy.port = proxy.server.address().port
    return proxy
  }

  connect(near) {
    const far = net.connect(this.target, '127.0.0.1')
    const pair = [near, far]
    this.pairs.add(pair)
    this.relay(near, far, pair)
    this.relay(far, near, pair)
  }

  relay(from, to, pair) {
    from.on('data', (chunk) => {
      if (!this.drops) to.write(chunk)
    })
    from.on('error', () => {})
    from.on('close', () => {
      to.destroy()
      this.pairs.delete(pair)
    })
  }

  drop() {
    this.drops = true
  }

  /** Lets packets pass again. Connections that have lost some are of no use to either side any more: they are reset. */
  pass() {
    this.drops = false
    for (const [near] of this.pairs) near.resetAndDestroy()
  }

  close() {
    for (const pair of this.pairs) for (const socket of pair) socket.destroy()
    return new Promise((resolve) => this.server.close(resolve))
  }
}

module.exports = { Proxy }
