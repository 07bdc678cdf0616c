'use strict'

// To which addresses the cookie is sent: its Path and its Domain.

/** Logs in at an address, and says whether a request to another one brings the cookie. */
function sent(cookie, login, look) {
  return async ({ site, tab }) => {
    let isSent
    const app = site.serveSession({ cookie }, (bare) => {
      bare.use((req, res, next) => {
        isSent = /connect\.sid=/.test(req.headers.cookie)
        next()
      })
    })
    app.use((req, res) => res.send('here'))
    await tab.visit(login(site))
    await tab.visit(look(site))
    return isSent ? 'sent' : 'not sent'
  }
}

const at =
  (host, path = '/') =>
  (site) =>
    site.https(host, path)
const toPath = (path) => sent({ path: '/app' }, at('shop.test', '/app/login'), at('shop.test', path))
const ofDomain = (domain, from, to) => sent({ domain }, at(from, '/login'), at(to))

module.exports = [
  {
    what: "`path: '/app'`, a request to `/app`",
    means: 'The path itself has the cookie.',
    try: toPath('/app')
  },
  { what: 'To `/app/`', means: 'A slash at the end changes nothing.', try: toPath('/app/') },
  { what: 'To `/app/a/b`', means: 'All pages below it have the cookie.', try: toPath('/app/a/b') },
  {
    what: 'To `/application`',
    means: 'The middleware sees it as browsers do: `req.session` is undefined there.',
    try: toPath('/application')
  },
  {
    what: 'To `/App`',
    means: 'Large and small letters differ, whatever the router says.',
    try: toPath('/App')
  },
  {
    what: 'To `/`',
    means: 'Pages above it have no cookie: there is no session on the home page.',
    try: toPath('/')
  },
  {
    what: 'Login at `shop.test`, no `domain`; a request to `www.shop.test`',
    means: 'Without `domain` the cookie is for this host alone. Redirect `www.` to it, or the other way.',
    try: ofDomain(undefined, 'shop.test', 'www.shop.test')
  },
  {
    what: 'The same; a request to another port of `shop.test`',
    means: 'Ports do not count. Two apps on one host need two values of `name`.',
    try: sent({}, at('shop.test', '/login'), (site) => site.http('shop.test', '/'))
  },
  {
    what: "`domain: 'shop.test'`; a request to `www.shop.test`",
    means: 'With `domain` all sub-domains have it, those of others too.',
    try: ofDomain('shop.test', 'shop.test', 'www.shop.test')
  },
  {
    what: "`domain: 'shop.test'`, login at `www.shop.test`; a request to `shop.test`",
    means: 'A sub-domain may set it for the whole domain.',
    try: ofDomain('shop.test', 'www.shop.test', 'shop.test')
  },
  {
    what: "`domain: 'www.shop.test'`, login at `shop.test`; a request to `www.shop.test`",
    means: 'A host cannot set a cookie for what lies below it.',
    try: ofDomain('www.shop.test', 'shop.test', 'www.shop.test')
  },
  {
    what: "`domain: 'other.test'`, login at `shop.test`; a request to `other.test`",
    means: 'Nor for another site. One session for two sites cannot be had by a cookie.',
    try: ofDomain('other.test', 'shop.test', 'other.test')
  },
  {
    what: "`domain: 'test'`, login at `shop.test`; a request to `shop.test`",
    means: 'Nor for a whole top-level domain. The cookie is refused, and nobody can log in.',
    try: ofDomain('test', 'shop.test', 'shop.test')
  }
]
