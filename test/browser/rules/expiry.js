'use strict'

// When the browser drops the cookie by itself. The idle timeout is three seconds here.

const session = require('../../..')
const { until } = require('../support/person')
const { bareApp, usual } = require('../support/site')

const DAY = 24 * 60 * 60 * 1000
const HOUR = DAY / 24
const IDLE = 3000

const shop = (site, path) => site.https('shop.test', path)
const visits = ({ site, tab }) => tab.visit(shop(site, '/who'))
const fetches = ({ tab }) => tab.evaluate(`fetch('/who').then((response) => response.text())`)

/** Uses the app all the time, for longer than the idle timeout, and looks whether the login has lasted. */
function inUse(options, use) {
  return async (world) => {
    const { site, tab } = world
    site.serveSession({ cookie: { maxAge: IDLE }, ...options })
    await tab.visit(shop(site, '/login'))
    const end = Date.now() + 1.5 * IDLE
    while (Date.now() < end) await use(world)
    return tab.visit(shop(site, '/who'))
  }
}

/** The cookie is for half an hour, and the server's clock is wrong. */
function withClockOf(ahead) {
  return async ({ site, tab }) => {
    const app = site.serve(bareApp())
    app.get('/login', (req, res) => {
      const now = Date.now() + ahead
      res.setHeader('Date', new Date(now).toUTCString())
      res.setHeader('Set-Cookie', `connect.sid=1; Path=/; Expires=${new Date(now + HOUR / 2).toUTCString()}`)
      res.send('in')
    })
    app.get('/who', (req, res) => res.send(req.headers.cookie ? 'cookie sent' : 'cookie dropped'))
    await tab.visit(shop(site, '/login'))
    return tab.visit(shop(site, '/who'))
  }
}

module.exports = [
  {
    what: '`maxAge`, and the visitor does nothing for that long',
    means: 'The browser drops the cookie by itself. Your app sees a visitor without one, and cannot say why.',
    async try({ site, tab }) {
      site.serveSession({ cookie: { maxAge: IDLE } }, (app) => {
        app.get('/cookie', (req, res) => res.send(req.headers.cookie ? 'cookie sent' : 'cookie dropped'))
      })
      await tab.visit(shop(site, '/login'))
      const first = await tab.visit(shop(site, '/cookie'))
      if (first !== 'cookie sent') return 'cookie refused'
      return until(async () => {
        const answer = await tab.visit(shop(site, '/cookie'))
        return answer !== first && answer
      })
    }
  },
  {
    what: '`maxAge`, and the visitor opens pages all the time',
    means:
      'Without `rolling` the browser counts from the login, though the store has seen each visit. The visitor is logged out in the middle of work.',
    must: 'not logged in',
    try: inUse({}, visits)
  },
  {
    what: 'The same, with `rolling: true`',
    means: 'Each answer brings the cookie anew. Use `rolling` with `maxAge`.',
    must: 'logged in',
    try: inUse({ rolling: true }, visits)
  },
  {
    what: 'The same, with `rolling: true`, and only scripts ask (`fetch`)',
    means: 'Answers to scripts count like pages.',
    must: 'logged in',
    try: inUse({ rolling: true }, fetches)
  },
  {
    what: 'The browser is closed and started again',
    means:
      'Without `maxAge` the cookie ends with the browser. A browser that opens the tabs of last time may keep it all the same: the server has to end the session.',
    async try({ site, tab, restart }) {
      const kinds = [HOUR, undefined].map((maxAge) =>
        session({ ...usual(), name: `for-${maxAge}`, cookie: { maxAge } })
      )
      const app = site.serve(bareApp())
      app.get('/login/:kind', (req, res, next) => {
        kinds[req.params.kind](req, res, (error) => {
          if (error) return next(error)
          req.session.user = 'ada'
          res.send('in')
        })
      })
      app.get('/who', async (req, res) => {
        const [withMaxAge, without] = await Promise.all(kinds.map((kind) => kind.load(req)))
        const say = (found) => (found ? 'logged in' : 'not logged in')
        res.send(`with \`maxAge\`: ${say(withMaxAge)}; without: ${say(without)}`)
      })
      await tab.visit(shop(site, '/login/0'))
      await tab.visit(shop(site, '/login/1'))
      const again = await restart()
      return again.visit(shop(site, '/who'))
    }
  },
  {
    what: '`maxAge` of two years: how long is the cookie kept?',
    means: 'Browsers shorten it. With `rolling` it starts again at each visit.',
    async try({ site, tab, cookies }) {
      site.serveSession({ cookie: { maxAge: 730 * DAY } })
      await tab.visit(shop(site, '/login'))
      const [{ expires }] = await cookies()
      return `${Math.round((expires * 1000 - Date.now()) / DAY)} days`
    }
  },
  {
    what: "`Expires` in half an hour; the server's clock is an hour slow",
    means: 'The browser reckons with the `Date` of the answer. A wrong clock does not log out new visitors.',
    try: withClockOf(-HOUR)
  },
  {
    what: "`Expires` in half an hour; the server's clock is an hour fast",
    means: 'As above.',
    try: withClockOf(HOUR)
  }
]
