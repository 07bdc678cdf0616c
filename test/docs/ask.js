'use strict'

// The requests that a comment asks for, with one jar of cookies: `POST /login name=ada&password=x 302 ~text of the body`.

const http = require('node:http')
const https = require('node:https')

class Jar {
  #cookies = new Map()

  keep(setCookie = []) {
    for (const line of setCookie) {
      const [pair, ...attributes] = line.split(';').map((part) => part.trim())
      const equals = pair.indexOf('=')
      const of = (name) =>
        attributes.find((one) => one.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1)
      const path = of('path') ?? '/'
      const name = pair.slice(0, equals)
      const isOver =
        Number(of('max-age') ?? 1) <= 0 || Date.parse(of('expires') ?? '9999-01-01') <= Date.now()
      if (isOver) this.#cookies.delete(`${name} ${path}`)
      else this.#cookies.set(`${name} ${path}`, { pair, path })
    }
  }

  header(url) {
    const sent = [...this.#cookies.values()].filter(({ path }) => `${url}/`.startsWith(path))
    return sent.map(({ pair }) => pair).join('; ')
  }
}

/** Makes the requests one after the other; throws what is wrong with the first that is not answered as it should be. */
async function ask(lines, ports, headers = {}) {
  const jar = new Jar()
  const found = {}
  for (const line of lines) {
    const filled = line.replace(/\$(\w+)/g, (text, name) => found[name] ?? text)
    const [, method, place, body, status, text] =
      /^(\S+) (\S+)(?: (.+))? (\d{3})(?: ~(.*))?$/.exec(filled) ?? []
    if (method === undefined) throw new Error(`"${line}" should be: METHOD /path [body] STATUS [~text]`)

    const [, given, path] = /^(?::(\d+))?(.*)$/.exec(place)
    const at = given ? ports.get(Number(given)) : ports.values().next().value
    if (!at) throw new Error(`nothing listens on port ${given}`)
    const answer = await request(at, { method, path, body, headers, jar })

    const whole = `${line}\nwas answered ${answer.status}\n${answer.body.slice(0, 500)}`
    if (answer.status !== Number(status)) throw new Error(whole)
    const pattern = /^\/(.*)\/$/.exec(text)
    const match = pattern ? new RegExp(pattern[1]).exec(answer.body) : answer.body.includes(text ?? '')
    if (!match) throw new Error(whole)
    // What a named group finds, `~/token" value="(?<token>[^"]*)/`, later lines have as `$token`.
    Object.assign(found, match.groups)
  }
}

function request({ at: port, secure }, { method, path, body, headers, jar }) {
  const cookie = jar.header(path)
  const type = /^[[{]/.test(body) ? 'application/json' : 'application/x-www-form-urlencoded'
  const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': 13 }
  const options = {
    host: '127.0.0.1',
    port,
    method: method === 'UPGRADE' ? 'GET' : method,
    path,
    agent: false,
    rejectUnauthorized: false,
    headers: {
      ...(cookie && { cookie }),
      ...(body && { 'content-type': type, 'content-length': Buffer.byteLength(body) }),
      ...(method === 'UPGRADE' && { ...upgrade, 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }),
      ...headers
    }
  }
  return new Promise((resolve, reject) => {
    const outgoing = (secure ? https : http).request(options, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => (text += chunk))
      response.on('error', reject)
      response.on('end', () => {
        jar.keep(response.headers['set-cookie'])
        const heads = Object.entries(response.headers).map(([name, value]) => `${name}: ${value}\n`)
        resolve({ status: response.statusCode, body: heads.join('') + '\n' + text })
      })
    })
    outgoing.on('upgrade', (response, socket) => {
      socket.destroy()
      resolve({ status: response.statusCode, body: '' })
    })
    outgoing.on('error', (error) => reject(new Error(`${method} ${path}: ${error.message}`)))
    outgoing.end(body)
  })
}

module.exports = { ask }
