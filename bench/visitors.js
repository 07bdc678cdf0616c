const { sign } = require('cookie-signature')
const { requestHeaders } = require('./dummy-http')
const { optionsOf } = require('./scenarios')

/** The visitors of a scenario: their sessions in the store, and their cookies. */

/** How many move in at a time. */
const CROWD = 1000

const idOf = (number) => String(number).padStart(32, 'session-of-visitor-number-0000000')

/** What an app keeps of a visitor, filled up to about so many bytes of JSON. */
function dataOf(number, size) {
  const data = { user: { id: number, name: 'Ada Lovelace', roles: ['author', 'editor'] }, views: 0 }
  if (size > 200) data.cart = []
  for (let bytes = JSON.stringify(data).length; data.cart && bytes < size;) {
    const item = { id: bytes, name: `Article number ${bytes}`, price: 19.99, quantity: 2, gift: false }
    data.cart.push(item)
    bytes += JSON.stringify(item).length + 1
  }
  return data
}

/** Puts the sessions of all visitors into a store. */
async function moveIn(scenario, session, store) {
  if (scenario.visitor !== 'returning') return
  const count = scenario.visitors
  for (let first = 0; first < count; first += CROWD) {
    const crowd = Array.from({ length: Math.min(CROWD, count - first) }, (_, i) => first + i)
    await Promise.all(crowd.map((number) => checkIn(scenario, session, store, number)))
  }
}

function checkIn(scenario, session, store, number) {
  const data = { cookie: new session.Cookie({ ...scenario.cookie }), ...dataOf(number, scenario.size) }
  return new Promise((resolve, reject) => {
    store.set(idOf(number), data, (error) => (error ? reject(error) : resolve()))
  })
}

/** The Cookie headers that the visitors send. */
function cookiesOf(scenario) {
  if (scenario.visitor === 'new') return [undefined]
  const others = Array.from(
    { length: scenario.otherCookies },
    (_, i) => `preference_${i}=value%20number%20${i}; `
  )
  return Array.from(
    { length: scenario.visitors },
    (_, i) => others.join('') + sessionCookie(scenario, idOf(i))
  )
}

function sessionCookie(scenario, id) {
  const secrets = [optionsOf(scenario).secret].flat()
  const secret = scenario.visitor === 'forger' ? 'guessed' : secrets.at(-1)
  return `connect.sid=${encodeURIComponent('s:' + sign(id, secret))}`
}

/** The headers of the visitors' requests. */
const visitsOf = (scenario) => cookiesOf(scenario).map(requestHeaders)

module.exports = { cookiesOf, dataOf, idOf, moveIn, visitsOf }
