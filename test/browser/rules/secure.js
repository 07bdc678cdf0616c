'use strict'

// What Secure means over http, on hosts of this machine, and between http and https of one host.

const overHttp = (host) => (site, path) => site.http(host, path)
const http = overHttp('shop.test')
const https = (site, path) => site.https('shop.test', path)

const secure = { cookie: { secure: true } }
const auto = { cookie: { secure: 'auto' } }

/** Logs in at one address of the app, and looks at another or at the same. */
function between(options, login, look = login) {
  return async ({ site, tab }) => {
    site.serveSession(options)
    await tab.visit(login(site, '/login'))
    return tab.visit(look(site, '/who'))
  }
}

/** The same, behind a proxy that says of each request that it came over https, though it did not. */
function behindProxy(login, look = login) {
  return async ({ site, tab }) => {
    site.serveSession({ ...secure, proxy: true }, (app) => {
      app.use((req, res, next) => {
        req.headers['x-forwarded-proto'] = 'https'
        next()
      })
    })
    await tab.visit(login(site, '/login'))
    return tab.visit(look(site, '/who'))
  }
}

module.exports = [
  {
    what: '`secure: true`, over https',
    means: 'As it should be.',
    must: 'logged in',
    try: between(secure, https)
  },
  {
    what: '`secure: true`, over http',
    means:
      'The middleware sends no Secure cookie over http, and says so once: `EXPRESS_SESSION_SECURE_COOKIE_OVER_HTTP`.',
    must: 'not logged in',
    try: between(secure, http)
  },
  {
    what: '`secure: true`, over `http://localhost`',
    means: "The same on your own machine. For development use `secure: 'auto'`.",
    must: 'not logged in',
    try: between(secure, overHttp('localhost'))
  },
  {
    what: "`secure: 'auto'`, over http",
    means: 'The cookie goes out without Secure.',
    must: 'logged in',
    try: between(auto, http)
  },
  {
    what: "`secure: 'auto'`, login over https; then http",
    means: 'The cookie that was set over https has Secure, and is not sent over http.',
    try: between(auto, https, http)
  },
  {
    what: "`secure: 'auto'`, login over https, login over http; then http",
    means:
      'A page over http cannot replace a Secure cookie of the same name. So nobody can log in over http any more. Redirect all of http to https.',
    async try({ site, tab }) {
      site.serveSession(auto)
      await tab.visit(https(site, '/login'))
      await tab.visit(http(site, '/login'))
      return tab.visit(http(site, '/who'))
    }
  },
  {
    what: '`secure: false`, login over https; then http',
    means: 'Without Secure the cookie goes over http too, where anybody on the way can read it.',
    try: between({}, https, http)
  },
  {
    what: '`secure: false`, login over http; then https',
    means: 'The same cookie counts for both.',
    try: between({}, http, https)
  },
  {
    what: 'A proxy says https, the browser came over http',
    means: 'The cookie is sent, and the browser refuses it without a word. Mend the proxy.',
    try: behindProxy(http)
  },
  {
    what: 'The same at `http://localhost`',
    means:
      'Browsers take a Secure cookie over http from localhost. So this fault does not show on your own machine.',
    try: behindProxy(overHttp('localhost'))
  },
  {
    what: 'The same at `http://127.0.0.1`',
    means: 'As localhost.',
    try: behindProxy(overHttp('127.0.0.1'))
  },
  {
    what: 'The same at `http://app.localhost`',
    means: 'As localhost.',
    try: behindProxy(overHttp('app.localhost'))
  },
  {
    what: "`sameSite: 'none'` without Secure, over https",
    means: 'Browsers refuse it. The middleware says so: `EXPRESS_SESSION_SAMESITE_NONE_WITHOUT_SECURE`.',
    try: between({ cookie: { sameSite: 'none' } }, https)
  },
  {
    what: '`partitioned: true` without Secure, over https',
    means: 'Browsers refuse it. The middleware says so: `EXPRESS_SESSION_PARTITIONED_WITHOUT_SECURE`.',
    try: between({ cookie: { partitioned: true } }, https)
  }
]
