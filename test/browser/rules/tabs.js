'use strict'

// Several tabs of one browser in the shop of examples/shop: they have one session.

const { createShop } = require('../../../examples/shop/app')

const ada = { email: 'ada@example.com', password: 'analytical' }
const grace = { email: 'grace@example.com', password: 'compiler' }

/** Two tabs in the shop, and what a person does in them. */
function inTwoTabs(work) {
  return async ({ site, tab, newTab }) => {
    site.serve(createShop({ secret: 'shop' }))
    const url = (path) => site.https('shop.test', path)
    const other = await newTab()
    try {
      return await work(actsIn(tab, url), actsIn(other, url))
    } finally {
      await other.close()
    }
  }
}

function actsIn(tab, url) {
  return {
    open: (path) => tab.visit(url(path)),
    add: () => tab.submit('form[action="/cart/add"]'),
    logOut: () => tab.submit('form[action="/logout"]'),
    async logIn(user) {
      await tab.visit(url('/login'))
      return tab.submit('form[action="/login"]', user)
    }
  }
}

/** Who the shop takes the visitor for, as its page says. */
function userOn(page) {
  const [, name] = /Logged in as (\w+)@/.exec(page) ?? []
  return name ?? (page.includes('Please log in first.') ? 'asked to log in' : page)
}

module.exports = [
  {
    what: 'Login in the second tab; then a click in the first',
    means: 'Tabs share the cookie. The first tab is logged in too.',
    must: 'ada',
    try: inTwoTabs(async (first, second) => {
      await first.open('/')
      await second.logIn(ada)
      return userOn(await first.open('/account'))
    })
  },
  {
    what: 'Logout in the second tab; then a click in the first',
    means:
      'The first tab still shows the old page. Its next request finds no session: answer it with your login page.',
    must: 'asked to log in',
    try: inTwoTabs(async (first, second) => {
      await first.logIn(ada)
      await second.open('/account')
      await second.logOut()
      return userOn(await first.open('/account'))
    })
  },
  {
    what: 'Logout in the second tab; then logout in the first',
    means: 'A second logout is no error: there may be no session to destroy.',
    must: 'the home page',
    try: inTwoTabs(async (first, second) => {
      await first.logIn(ada)
      await second.open('/account')
      await second.logOut()
      return (await first.logOut()).includes('You have seen this page') ? 'the home page' : 'an error'
    })
  },
  {
    what: 'Somebody else logs in in the second tab; then a click in the first',
    means: 'The first tab acts as the other user from now on. Show who is logged in on pages that matter.',
    must: 'grace',
    try: inTwoTabs(async (first, second) => {
      await first.logIn(ada)
      await second.open('/account')
      await second.logOut()
      await second.logIn(grace)
      return userOn(await first.open('/account'))
    })
  },
  {
    what: 'A form was open in the first tab; login in the second; then the form is sent',
    means:
      'The login has given the browser a new id, and the form is sent with that. A CSRF token that is bound to the session must survive this, or the form fails.',
    must: 'in the cart of both',
    try: inTwoTabs(async (first, second) => {
      await first.open('/')
      await second.logIn(ada)
      const pages = [await first.add(), await second.open('/account')]
      return pages.every((page) => page.includes('Cart (1)')) ? 'in the cart of both' : 'lost'
    })
  }
]
