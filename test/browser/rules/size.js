'use strict'

// How large the cookie may be, and how many others may lie beside it.

const { sign } = require('cookie-signature')
const { usual } = require('../support/site')

/** Logs in with a cookie whose name and value have so many bytes together. */
function ofBytes(bytes) {
  return async ({ site, tab }) => {
    const id = 'i'.repeat(3000)
    const value = encodeURIComponent(`s:${sign(id, usual().secret)}`)
    site.serveSession({ name: 'n'.repeat(bytes - value.length), genid: () => id })
    await tab.visit(site.https('shop.test', '/login'))
    return tab.visit(site.https('shop.test', '/who'))
  }
}

/** Logs in, and then the site sets so many cookies of other names. */
function among(count, cookie) {
  return async ({ site, tab }) => {
    site.serveSession({ cookie }, (app) => {
      app.get('/others', (req, res) => {
        for (let i = 0; i < count; i++) res.append('Set-Cookie', `other${i}=1; Path=/`)
        res.send('set')
      })
    })
    await tab.visit(site.https('shop.test', '/login'))
    await tab.visit(site.https('shop.test', '/others'))
    return tab.visit(site.https('shop.test', '/who'))
  }
}

module.exports = [
  {
    what: 'Name and value have 4,096 bytes together',
    means:
      'This is the limit. A session cookie has about 90 bytes: only a long `genid` comes near. `EXPRESS_SESSION_COOKIE_TOO_LARGE` warns a little earlier, ' +
      'since it counts the attributes too.',
    try: ofBytes(4096)
  },
  {
    what: 'Name and value have 4,097 bytes together',
    means: 'Browsers refuse it without a word.',
    try: ofBytes(4097)
  },
  {
    what: 'The site sets 140 other cookies after the login',
    means: 'Browsers keep at least that many cookies of a site.',
    try: among(140)
  },
  {
    what: 'The site sets 250 other cookies after the login',
    means: 'Past their limit browsers drop the oldest ones, and so the session.',
    try: among(250)
  },
  {
    what: "The same, with `priority: 'high'`",
    means: 'Only Chromium knows this attribute.',
    try: among(250, { priority: 'high' })
  },
  {
    what: 'The same, with `secure: true`',
    means: 'Cookies without Secure are dropped first.',
    try: among(250, { secure: true })
  }
]
