'use strict'

// What a page of another site gets of the session, by the value of `sameSite`. Everything is over https.

const { ask, loggedInAsks, login, places, serveKinds, who } = require('../support/kinds')

const { elsewhere } = places

module.exports = [
  {
    what: 'Logged in at your site; then a frame on another site shows your page',
    means:
      'A visitor who is logged in at your site is not logged in inside the frame. `none` helps in some browsers only.',
    try: loggedInAsks(elsewhere, 'frame')
  },
  {
    what: 'The same, an image',
    means: 'An image that needs a session cannot be shown on other sites.',
    try: loggedInAsks(elsewhere, 'image')
  },
  {
    what: "The same, `fetch` with `credentials: 'include'`",
    means:
      'A single-page app on another site has no session by cookies. Use one site for both, or a header (`transport`).',
    try: loggedInAsks(elsewhere, 'fetch')
  },
  {
    what: 'The same, a WebSocket',
    means:
      'With `none`, other sites can open sockets as your visitor in some browsers. Check the `Origin` header.',
    try: loggedInAsks(elsewhere, 'socket')
  },
  {
    what: 'Login in a frame on another site; then the next page in the frame',
    means:
      'The frame forgets the login where the browser keeps no cookie for it. The next table has the cure.',
    try(world) {
      serveKinds(world.site)
      return ask(world, elsewhere, 'frame', login)
    }
  },
  {
    what: 'Login by `fetch` on another site; then the next `fetch`',
    means: 'As in a frame.',
    try(world) {
      serveKinds(world.site)
      return ask(world, elsewhere, 'fetch', login)
    }
  },
  {
    what: 'Login in a frame on another site; then your site itself',
    means:
      'Firefox keeps the cookies of a frame separately for each site around it. Your own pages do not see them.',
    async try(world) {
      serveKinds(world.site)
      await ask(world, elsewhere, 'frame', login)
      return world.tab.visit(who(world.site))
    }
  }
]
