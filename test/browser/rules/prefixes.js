'use strict'

// What a name with `__Host-` or `__Secure-` promises, and what it keeps sub-domains from.

const { sign } = require('cookie-signature')
const session = require('../../..')
const { usual } = require('../support/site')

function kept(name, cookie, scheme = 'https', host = 'shop.test') {
  return async ({ site, tab }) => {
    const folder = cookie.path ?? ''
    site.serveSession({ name, cookie })
    await tab.visit(site[scheme](host, `${folder}/login`))
    return tab.visit(site[scheme](host, `${folder}/who`))
  }
}

/** A sub-domain sets a cookie of a session that is somebody else's, for the whole domain. Then the visitor comes. */
function planted(name) {
  return async ({ site, tab }) => {
    const options = usual()
    const id = 'session-of-eve'
    const value = encodeURIComponent(`s:${sign(id, options.secret)}`)
    options.store.set(id, { cookie: new session.Cookie(), user: 'eve' })
    site.serveSession({ ...options, name, cookie: { secure: true } }, (app) => {
      app.get('/plant', (req, res) => {
        res.setHeader('Set-Cookie', `${name}=${value}; Domain=shop.test; Path=/; Secure`)
        res.send('planted')
      })
    })
    await tab.visit(site.https('www.shop.test', '/plant'))
    const answer = await tab.visit(site.https('shop.test', '/who'))
    return answer === 'logged in' ? "somebody else's session" : 'no session'
  }
}

const CODE = '`EXPRESS_SESSION_COOKIE_NAME_PREFIX`'

module.exports = [
  {
    what: '`__Host-sid` with Secure and `Path=/`',
    means: 'The name to use wherever it can be used.',
    must: 'logged in',
    try: kept('__Host-sid', { secure: true })
  },
  {
    what: '`__Host-sid` with a Domain',
    means: `Browsers refuse it. The middleware says so: ${CODE}.`,
    try: kept('__Host-sid', { secure: true, domain: 'shop.test' })
  },
  {
    what: '`__Host-sid` with `Path=/app`',
    means: 'The same.',
    try: kept('__Host-sid', { secure: true, path: '/app' })
  },
  {
    what: '`__Host-sid` without Secure',
    means: 'The same.',
    try: kept('__Host-sid', {})
  },
  {
    what: '`__host-sid` without Secure',
    means: 'Small letters are held to the same promise.',
    try: kept('__host-sid', {})
  },
  {
    what: "`__Host-sid` with `secure: 'auto'`, over `http://localhost`",
    means: 'It works over https only. For development use another name, or https.',
    try: kept('__Host-sid', { secure: 'auto' }, 'http', 'localhost')
  },
  {
    what: '`__Secure-sid` with Secure, a Domain and `Path=/app`',
    means: 'This prefix asks for Secure only.',
    try: kept('__Secure-sid', { secure: true, domain: 'shop.test', path: '/app' })
  },
  {
    what: '`__Secure-sid` without Secure',
    means: `Browsers refuse it. The middleware says so: ${CODE}.`,
    try: kept('__Secure-sid', {})
  },
  {
    what: 'A sub-domain plants a cookie `sid` for the whole domain',
    means: 'An attacker with one sub-domain can put your visitors into a session of the attacker.',
    try: planted('sid')
  },
  {
    what: 'The same with `__Secure-sid`',
    means: 'This prefix does not help against it.',
    try: planted('__Secure-sid')
  },
  {
    what: 'The same with `__Host-sid`',
    means: 'This one does: a cookie of that name comes from your host alone.',
    must: 'no session',
    try: planted('__Host-sid')
  }
]
