'use strict'

/** A browser, as far as sessions go: it keeps the cookie it is given and sends it back. */
class Visitor {
  constructor(app, cookie) {
    this.app = app
    this.cookie = cookie
  }

  get(path, options) {
    return this.send('GET', path, options)
  }

  post(path, body = {}, options) {
    return this.send('POST', path, { body, ...options })
  }

  async send(method, path, options) {
    const headers = this.cookie ? { cookie: this.cookie } : {}
    const response = await this.app.request(method, path, { headers, ...options })
    for (const cookie of response.setCookie) this.cookie = cookie.split(';')[0]
    return response
  }

  /** The same browser, at another process of the app. */
  at(app) {
    return new Visitor(app, this.cookie)
  }
}

module.exports = { Visitor }
