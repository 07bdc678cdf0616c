'use strict'

// Which requests bring the cookie, by the value of `sameSite`. Everything is over https.

const { loggedInAsks, login, places, serveKinds, ways, who } = require('../support/kinds')

const { here, subDomain, overHttp, elsewhere, through } = places

module.exports = [
  {
    what: 'The address is typed, or is a bookmark',
    means: 'Every value is good here.',
    async try({ site, tab }) {
      serveKinds(site)
      await tab.visit(login(site))
      return tab.visit(who(site))
    }
  },
  {
    what: 'A link on another sub-domain of yours',
    means: 'All sub-domains are one site. `sameSite` makes no difference between them.',
    try: loggedInAsks(subDomain, 'link')
  },
  {
    what: 'A link on another site',
    means: 'With `strict`, a visitor who follows the link looks logged out on the first page. Use `lax`.',
    try: loggedInAsks(elsewhere, 'link')
  },
  {
    what: 'The same link, with a redirect on that site',
    means: 'Short links and links that are counted work like other links.',
    try: loggedInAsks(elsewhere, 'link', through)
  },
  {
    what: 'The next click, on the page that the link has led to',
    means: 'With `strict` the cookie is not lost. Only the first page is without it.',
    async try({ site, tab }) {
      serveKinds(site)
      await tab.visit(login(site))
      await tab.visit(elsewhere(site))
      await tab.follow(ways.link(here(site)))
      const seen = site.next()
      await tab.run(ways.link(who(site)))
      return seen
    }
  },
  {
    what: 'A link on your page to another site, which redirects back at once',
    means:
      'A login service that knows the visitor already does this. Only some browsers send `strict` here: use `lax`.',
    try: loggedInAsks(here, 'link', through)
  },
  {
    what: 'A form that is posted to another site, which redirects to yours',
    means:
      'This is how a login by OAuth comes back. With `strict` your callback finds no session, and the login fails.',
    try: loggedInAsks(elsewhere, 'post', through)
  },
  {
    what: 'A form on another site that is posted to yours',
    means:
      'This is how forged forms (CSRF) come, and how some login and payment services come back (SAML, `form_post`). `lax` and `strict` stop ' +
      'both. The cookies of this row were new. After two minutes, says its documentation, Chromium no longer sends one without a value here.',
    try: loggedInAsks(elsewhere, 'post')
  },
  {
    what: 'A link on the `http://` page of your host',
    means: 'To some browsers http and https are two sites. Redirect all of http to https.',
    try: loggedInAsks(overHttp, 'link')
  },
  {
    what: 'A form on the `http://` page of your host',
    means: 'As above: show no form over http.',
    try: loggedInAsks(overHttp, 'post')
  },
  {
    what: 'A frame on another sub-domain of yours',
    means: 'Frames between your own sub-domains have the session.',
    try: loggedInAsks(subDomain, 'frame')
  },
  {
    what: '`fetch` on another sub-domain of yours',
    means:
      'This is about `fetch`, not about `sameSite`: without `credentials` it brings no cookie to another origin.',
    try: loggedInAsks(subDomain, 'fetchAsUsual')
  },
  {
    what: "The same, with `credentials: 'include'`",
    means: 'Now it brings the cookie. Your answer needs the CORS headers too, or the script cannot read it.',
    try: loggedInAsks(subDomain, 'fetch')
  },
  {
    what: 'A WebSocket on another sub-domain of yours',
    means: 'A WebSocket always brings the cookie. Check its `Origin` header.',
    try: loggedInAsks(subDomain, 'socket')
  }
]
