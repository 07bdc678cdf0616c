'use strict'

// What the back button shows after a logout: the page as it was, or what the server says now.

const { createShop } = require('../../../examples/shop/app')
const session = require('../../..')
const { bareApp, usual } = require('../support/site')

/** A script that asks for the page anew when the browser has kept it alive. */
const ASKS_ANEW = `<script>addEventListener('pageshow', ({ persisted }) => persisted && location.reload())</script>`

/** Logs in, opens a page, logs out and goes back. */
function goBack(options, { scheme = 'https', cacheControl, script = '', isFirst = false } = {}) {
  return async ({ site, tab }) => {
    const app = site.serve(bareApp())
    app.use(session({ ...usual(), ...options }))
    app.get('/login', (req, res) => {
      req.session.user = 'ada'
      res.redirect(isFirst ? '/account' : '/blank')
    })
    app.get('/account', (req, res) => {
      if (cacheControl) res.set('Cache-Control', cacheControl)
      const user = req.session.user ?? 'nobody'
      site.tell(user)
      res.send(`<title>account</title><p>${user}</p><a href="/logout">Log out</a>${script}`)
    })
    app.get('/logout', (req, res, next) => {
      req.session.destroy((error) => (error ? next(error) : res.send('bye')))
    })

    const url = (path) => site[scheme]('shop.test', path)
    await tab.visit(url('/login'))
    if (!isFirst) await tab.visit(url('/account'))
    await tab.click('a')
    if (script) {
      const asked = site.next()
      await tab.back()
      await asked
      return 'asked anew'
    }
    return (await tab.back()).startsWith('ada') ? 'the old page' : 'asked anew'
  }
}

const all = { cacheControl: true, rolling: true, clearCookie: true }

module.exports = [
  {
    what: 'No option',
    means: 'The page is shown as it was, though the session is gone.',
    try: goBack({})
  },
  {
    what: '`clearCookie: true`',
    means: 'A cookie that is gone does not hide the page.',
    try: goBack({ clearCookie: true })
  },
  {
    what: 'The page says `Cache-Control: no-cache`',
    means: '`no-cache` is not enough: going back is not asking.',
    try: goBack({}, { cacheControl: 'private, no-cache' })
  },
  {
    what: 'The page says `Cache-Control: no-store`',
    means: 'Enough for Firefox. Chromium keeps the page alive as long as the cookie stays.',
    try: goBack({}, { cacheControl: 'no-store' })
  },
  {
    what: '`no-store` and `clearCookie: true`',
    means: 'Both together: Chromium drops the page when its cookie goes.',
    try: goBack({ clearCookie: true }, { cacheControl: 'no-store' })
  },
  {
    what: '`no-store` and `clearCookie: true`, on the page that the login has redirected to',
    means:
      'Not enough in Chromium: it shows the page that came with the cookie. Use the three options below, or the script.',
    try: goBack({ clearCookie: true }, { cacheControl: 'no-store', isFirst: true })
  },
  {
    what: '`cacheControl: true` and `rolling: true`',
    means: 'With these two each page says `no-store` and brings the cookie.',
    try: goBack({ cacheControl: true, rolling: true })
  },
  {
    what: 'The same two, on the page that the login has redirected to',
    means: 'Chromium needs `clearCookie` as well.',
    try: goBack({ cacheControl: true, rolling: true }, { isFirst: true })
  },
  {
    what: '`cacheControl`, `rolling` and `clearCookie`',
    means: 'The three together are enough in both.',
    must: 'asked anew',
    try: goBack(all)
  },
  {
    what: 'All three, on the page that the login has redirected to',
    means: 'Here, too.',
    must: 'asked anew',
    try: goBack(all, { isFirst: true })
  },
  {
    what: 'All three, over http',
    means: 'And without https.',
    must: 'asked anew',
    try: goBack(all, { scheme: 'http' })
  },
  {
    what: 'No option, and a script on the page that reloads it when it is shown again',
    means: 'What helps without any of them. The script stands below.',
    must: 'asked anew',
    try: goBack({}, { script: ASKS_ANEW })
  },
  {
    what: 'The shop of `examples/shop`',
    means: 'It has the three options.',
    must: 'asked anew',
    async try({ site, tab }) {
      site.serve(createShop({ secret: 'shop' }))
      await tab.visit(site.https('shop.test', '/login'))
      await tab.submit('form[action="/login"]', { email: 'ada@example.com', password: 'analytical' })
      await tab.submit('form[action="/logout"]')
      return /Logged in as/.test(await tab.back()) ? 'the old page' : 'asked anew'
    }
  }
]
