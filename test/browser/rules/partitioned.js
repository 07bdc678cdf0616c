'use strict'

// Where a login counts that was made inside another site: two sites show the shop in a frame. Over https, with SameSite=None.

const { ways } = require('../support/kinds')

const [ONE, OTHER, SHOP] = ['other.test', 'third.test', 'shop.test']

/** Logs in at one place and looks at another: the shop itself, or a site that has it in a frame. */
function between(partitioned, login, look) {
  return async ({ site, tab }) => {
    site.serveSession({ cookie: { secure: true, sameSite: 'none', partitioned } })
    await open(login, '/login')
    return open(look, '/who')

    async function open(place, path) {
      const url = site.https(SHOP, path)
      if (place === SHOP) return tab.visit(url)

      await tab.visit(site.https(place, '/blank'))
      const seen = site.next()
      await tab.run(ways.frame(url))
      return seen
    }
  }
}

module.exports = [
  {
    what: '`partitioned: true`: login in a frame on one site; then the frame there again',
    means: 'The frame keeps its session in all of these browsers, after a separate login.',
    try: between(true, ONE, ONE)
  },
  {
    what: '`partitioned: true`: the same login; then a frame on a second site',
    means:
      'The browser keeps separate cookies for each site that shows your page. The visitor logs in at each.',
    try: between(true, ONE, OTHER)
  },
  {
    what: '`partitioned: true`: the same login; then your site itself',
    means: 'Your own site has separate cookies, too.',
    try: between(true, ONE, SHOP)
  },
  {
    what: '`partitioned: true`: login at your site itself; then a frame on another site',
    means: 'A login at your site does not count in frames of others. That is what it is for.',
    try: between(true, SHOP, ONE)
  },
  {
    what: '`partitioned: true`: login at your site itself; then your site again',
    means: 'At your own site it is a cookie like any other.',
    try: between(true, SHOP, SHOP)
  },
  {
    what: 'Not partitioned: login in a frame on one site; then the frame there again',
    means: 'Without `partitioned` it depends on the browser.',
    try: between(false, ONE, ONE)
  },
  {
    what: 'Not partitioned: the same login; then a frame on a second site',
    means: 'Only a browser that allows third-party cookies shares the cookie between sites.',
    try: between(false, ONE, OTHER)
  }
]
