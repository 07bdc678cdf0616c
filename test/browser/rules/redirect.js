'use strict'

// A login that redirects at once, with a store that takes its time: does the next page know the visitor?

const session = require('../../..')
const upstream = require('upstream-session')
const { bareApp } = require('../support/site')

const TIMES = 50
const EACH = `${TIMES} of ${TIMES}`

/** A store that takes a twentieth of a second for each save. */
class SlowStore extends session.MemoryStore {
  set(sid, data, callback) {
    const copy = JSON.parse(JSON.stringify(data))
    setTimeout(() => super.set(sid, copy, callback), 50)
  }
}

const byForm = (tab) => tab.submit('form')
const byFetch = (tab) =>
  tab.evaluate(`fetch('/login', { method: 'POST' }).then((response) => response.text())`)

/** Logs in fifty times, each time with a new id: does each page after it know the visitor? */
function logins(make, logIn) {
  return async ({ site, tab }) => {
    const app = site.serve(bareApp())
    app.use(make({ secret: 'keyboard cat', resave: false, saveUninitialized: false, store: new SlowStore() }))
    app.post('/login', (req, res, next) => {
      req.session.regenerate((error) => {
        if (error) return next(error)
        req.session.user = 'ada'
        res.redirect('/account')
      })
    })
    app.get('/account', (req, res) => {
      res.send(`${req.session.user ?? 'nobody'} <form method="post" action="/login"></form>`)
    })

    await tab.visit(site.https('shop.test', '/account'))
    for (let i = 0; i < TIMES; i++) {
      if (!(await logIn(tab)).startsWith('ada')) return `fewer than ${TIMES}`
    }
    return EACH
  }
}

module.exports = [
  {
    what: 'A form is posted, and the answer redirects',
    means: 'The redirect leaves when the session is stored. `req.session.save()` before it is not needed.',
    must: EACH,
    try: logins(session, byForm)
  },
  {
    what: 'The same by `fetch`',
    means: 'As a form.',
    must: EACH,
    try: logins(session, byFetch)
  },
  {
    what: 'A form, with express-session 1.19.0',
    means:
      'There the browser has the redirect before the session is stored, and is faster than a slow store.',
    try: logins(upstream, byForm)
  }
]
