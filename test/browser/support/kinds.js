'use strict'

const session = require('../../..')
const { bareApp, usual } = require('./site')

const VALUES = ['strict', 'lax', 'none', undefined]
const shown = (sameSite) => (sameSite ? `\`${sameSite}\`` : '(not set)')

/**
 * Serves an app with four sessions side by side, one for each value of `sameSite`. `/login` starts all four, by redirects; `/who`
 * tells which of them a request has brought.
 */
function serveKinds(site) {
  const kinds = VALUES.map((sameSite) => ({
    sameSite,
    middleware: session({ ...usual(), name: sameSite ?? 'unset', cookie: { secure: true, sameSite } })
  }))

  async function tellFound(req) {
    const found = []
    for (const { sameSite, middleware } of kinds) {
      if (await middleware.load(req)) found.push(shown(sameSite))
    }
    const answer = found.join(' ') || 'no session'
    site.tell(answer)
    return answer
  }

  const app = site.serve(bareApp())
  app.use((req, res, next) => {
    res.set('Access-Control-Allow-Origin', req.headers.origin ?? '*')
    res.set('Access-Control-Allow-Credentials', 'true')
    next()
  })
  app.get('/login', (req, res) => res.redirect('/login/0'))
  app.get('/login/:step', (req, res, next) => {
    const step = Number(req.params.step)
    if (!kinds[step]) return res.redirect('/who')
    kinds[step].middleware(req, res, (error) => {
      if (error) return next(error)
      req.session.user = 'ada'
      res.redirect(`/login/${step + 1}`)
    })
  })
  app.all('/who', async (req, res) => res.type('text').send(await tellFound(req)))
  app.upgrade = async (req, socket) => {
    await tellFound(req)
    socket.destroy()
  }
}

const login = (site) => site.https('shop.test', '/login')
const who = (site) => site.https('shop.test', '/who')

/** The pages from which requests are made, and the address on another site that leads on to `/who`. */
const places = {
  here: (site) => site.https('shop.test', '/blank'),
  subDomain: (site) => site.https('www.shop.test', '/blank'),
  overHttp: (site) => site.http('shop.test', '/blank'),
  elsewhere: (site) => site.https('other.test', '/blank'),
  through: (site) => site.https('other.test', `/go?to=${who(site)}`)
}

/** The scripts by which a page makes a request. */
const ways = {
  link: (url) => `document.body.innerHTML = '<a href="${url}">on</a>'; document.querySelector('a').click()`,
  post: (url) =>
    `document.body.innerHTML = '<form method="post" action="${url}"></form>'; document.querySelector('form').submit()`,
  frame: (url) => `document.body.innerHTML = '<iframe src="${url}"></iframe>'`,
  image: (url) => `document.body.innerHTML = '<img src="${url}">'`,
  fetch: (url) => `fetch('${url}', { credentials: 'include' })`,
  fetchAsUsual: (url) => `fetch('${url}')`,
  socket: (url) => `new WebSocket('${url.replace('https', 'wss')}')`
}

/** Opens a page, makes a request from it, and gives what the app has found with that. */
async function ask({ site, tab }, place, way, to = who) {
  await tab.visit(place(site))
  const seen = site.next()
  await tab.run(ways[way](to(site)))
  return seen
}

/** After a login at the shop: what a request brings that a page of some place makes. */
function loggedInAsks(place, way, to) {
  return async (world) => {
    serveKinds(world.site)
    await world.tab.visit(login(world.site))
    return ask(world, place, way, to)
  }
}

module.exports = { ask, loggedInAsks, login, places, serveKinds, ways, who }
