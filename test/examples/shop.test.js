'use strict'

// The shop of the examples does what a shop must, and `npm start` says what to open.

const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const net = require('node:net')
const path = require('node:path')
const { unsign } = require('cookie-signature')
const session = require('express-session')
const request = require('supertest')
const { createShop } = require('../../examples/shop/app')
const { nameOf } = require('../../examples/shop/devices')

const ada = { email: 'ada@example.com', password: 'analytical' }

describe('the shop', () => {
  let visitor

  beforeEach(() => {
    visitor = request.agent(createShop({ secret: 'shop' }))
  })

  it('counts visits', async () => {
    assert.match((await visitor.get('/')).text, /seen this page 1 time\./)
    assert.match((await visitor.get('/')).text, /seen this page 2 times\./)
  })

  it('asks for a login, and logs in under a new id', async () => {
    const before = idOf(await visitor.get('/'))
    assert.equal((await visitor.get('/account')).headers.location, '/login')

    const login = await visitor.post('/login').type('form').send(ada)
    assert.equal(login.headers.location, '/account')
    assert.notEqual(idOf(login), before)
    assert.match((await visitor.get('/account')).text, /Logged in as ada@example\.com/)
  })

  it('refuses a wrong password, an unknown person and a form without fields', async () => {
    const attempts = [{ ...ada, password: 'x' }, { email: 'eve@example.com', password: 'analytical' }, {}]
    for (const attempt of attempts) {
      const login = await visitor.post('/login').type('form').send(attempt)
      assert.equal(login.headers.location, '/login')
      assert.match((await visitor.get('/login')).text, /Wrong email or password/)
    }
  })

  it('shows a flash message once', async () => {
    await visitor.post('/cart/add').type('form').send({ productId: 'tea' })
    assert.match((await visitor.get('/')).text, /Tea is in your cart/)
    assert.doesNotMatch((await visitor.get('/')).text, /Tea is in your cart/)
  })

  it('keeps a flash message for a page that somebody sees: a 404 does not take it', async () => {
    await visitor.post('/cart/add').type('form').send({ productId: 'tea' })
    const missing = await visitor.get('/favicon.ico').expect(404)
    assert.doesNotMatch(missing.text, /Tea is in your cart/)
    await visitor.post('/cart/add').type('form').send({ productId: 'gold' }).expect(400)
    assert.match((await visitor.get('/')).text, /Tea is in your cart/)
  })

  it('says in a page of its own what went wrong, and shows no stack trace', async () => {
    await visitor.get('/')
    const large = await visitor
      .post('/cart/add')
      .type('form')
      .send({ productId: 'x'.repeat(200_000) })
    assert.equal(large.status, 413)
    assert.match(large.text, /That is more than this shop can take\..*/)
    const garbled = await visitor.post('/cart/add').type('json').send('{ "productId": ')
    assert.equal(garbled.status, 400)
    assert.match(garbled.text, /The shop did not understand that\./)
    for (const { text } of [large, garbled]) {
      assert.match(text, /Corner shop/)
      assert.doesNotMatch(text, / at |node_modules/)
    }
  })

  it('says that, too, when the store is broken', async () => {
    const store = new session.MemoryStore()
    const shop = createShop({ secret: 'shop', store })
    const cookie = (await request(shop).get('/')).headers['set-cookie'][0].split(';')[0]
    store.get = (sid, callback) => callback(new Error('secret details'))
    const page = await request(shop).get('/').set('Cookie', cookie)
    assert.equal(page.status, 500)
    assert.match(page.text, /Something went wrong\. Please try again later\./)
    assert.doesNotMatch(page.text, /secret details/)
    const json = await request(shop)
      .get('/')
      .set('Cookie', cookie)
      .set('Accept', 'application/json, text/html;q=0')
    assert.equal(json.headers['content-type'], 'application/json; charset=utf-8')
  })

  it('keeps the cart over the login, and forgets it at logout', async () => {
    await visitor.post('/cart/add').type('form').send({ productId: 'tea', quantity: 2 })
    await visitor.post('/cart/add').type('form').send({ productId: 'tea', quantity: 1 })
    await visitor.post('/cart/add').type('form').send({ productId: 'coffee' })
    await visitor.post('/login').type('form').send(ada)

    const cart = (await visitor.get('/cart')).text
    assert.match(cart, /3 x Tea, 12/)
    assert.match(cart, /Total: 18/)

    const logout = await visitor.post('/logout')
    assert.equal(logout.headers.location, '/')
    assert.match((await visitor.get('/cart')).text, /The cart is empty/)
    assert.equal((await visitor.get('/account')).headers.location, '/login')
  })

  it('refuses what it does not sell', async () => {
    for (const item of [
      { productId: 'gold' },
      { productId: 'tea', quantity: 0 },
      { productId: 'tea', quantity: 'x' }
    ]) {
      await visitor.post('/cart/add').type('form').send(item).expect(400)
    }
    await visitor.get('/nowhere').expect(404)
  })

  it('empties the cart and keeps the session alive', async () => {
    await visitor.post('/cart/add').type('form').send({ productId: 'tea' })
    await visitor.get('/keep-alive').expect(200, 'Session refreshed')
    await visitor.post('/cart/empty').expect(302)
    assert.match((await visitor.get('/cart')).text, /The cart is empty/)
  })
})

describe('the shop, to a browser', () => {
  let shop, login, cookie

  beforeEach(async () => {
    shop = createShop({ secret: 'shop' })
    login = await request(shop).post('/login').type('form').send(ada)
    cookie = login.headers['set-cookie'][0].split(';')[0]
  })

  it('takes its cookie back at logout', async () => {
    const logout = await request(shop).post('/logout').set('Cookie', cookie)
    assert.match(logout.headers['set-cookie'].join(), /^shop\.sid=; .*Expires=Thu, 01 Jan 1970/)
  })

  it('lets no cache keep a page of who is logged in', async () => {
    const account = await request(shop).get('/account').set('Cookie', cookie)
    assert.equal(account.headers['cache-control'], 'no-store')
    assert.deepEqual(account.headers.vary.split(', '), ['Accept', 'Cookie'])
  })

  it('says that a quarter of an hour is over, however active the visitor was', async () => {
    const { now } = Date
    const minutesLater = (minutes) => (Date.now = () => now() + minutes * 60 * 1000)
    try {
      minutesLater(14)
      const account = await request(shop).get('/account').set('Cookie', cookie)
      assert.match(account.text, /Logged in as ada/)
      minutesLater(16)
      const late = await request(shop).get('/account').set('Cookie', cookie)
      assert.equal(late.headers.location, '/login')
      const next = late.headers['set-cookie'][0].split(';')[0]
      const page = await request(shop).get('/login').set('Cookie', next)
      assert.match(page.text, /You were logged out after 15 minutes\./)
    } finally {
      Date.now = now
    }
  })
})

describe('the devices of somebody who shops', () => {
  const PHONE =
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile/15E148 Safari/604.1'
  const LAPTOP = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0'
  let shop, phone, laptop, other

  beforeEach(async () => {
    shop = createShop({ secret: 'shop' })
    phone = await loggedIn(PHONE)
    laptop = await loggedIn(LAPTOP)
    other = await loggedIn('curl/8.1')
  })

  async function loggedIn(userAgent, who = ada) {
    const browser = request.agent(shop).set('User-Agent', userAgent)
    await browser.post('/login').type('form').send(who).expect('location', '/account')
    return browser
  }

  const refsOf = ({ text }) => [...text.matchAll(/name="ref" value="(\w+)"/g)].map(([, ref]) => ref)
  const namesOf = ({ text }) => [...text.matchAll(/<strong>(.*?)<\/strong>/g)].map(([, name]) => name)
  const isLoggedIn = async (browser) => (await browser.get('/account')).status === 200
  const end = (browser, ref) => browser.post('/devices/end').type('form').send({ ref })

  it('are shown to who is logged in, the one at hand first and marked', async () => {
    assert.match((await laptop.get('/account')).text, /href="\/devices"/)
    const page = await laptop.get('/devices')
    assert.deepEqual(namesOf(page), ['Firefox on Windows', 'curl', 'Safari on iPhone'])
    assert.equal(page.text.match(/This device/g).length, 1)
    assert.match(page.text, /Logged in from [\w.:]+, .*just now/)
    assert.equal(refsOf(page).length, 2)
    const stranger = await request(shop).get('/devices')
    assert.equal(stranger.headers.location, '/login')
  })

  it('are logged out one by one', async () => {
    const [, ref] = refsOf(await laptop.get('/devices'))
    const ended = await end(laptop, ref)
    assert.equal(ended.headers.location, '/devices')
    const page = await laptop.get('/devices')
    assert.match(page.text, /That device is logged out\./)
    assert.deepEqual(namesOf(page), ['Firefox on Windows', 'curl'])
    assert.deepEqual([await isLoggedIn(phone), await isLoggedIn(other)], [false, true])

    await end(laptop, ref)
    assert.match((await laptop.get('/devices')).text, /nothing to log out any more/)
  })

  it('are logged out all at once, but for the one at hand', async () => {
    await laptop.post('/devices/end-others').expect('location', '/devices')
    const page = await laptop.get('/devices')
    assert.match(page.text, /All other devices are logged out\.[^]*You are logged in nowhere else\./)
    assert.deepEqual(namesOf(page), ['Firefox on Windows'])
    assert.deepEqual([await isLoggedIn(phone), await isLoggedIn(other)], [false, false])
  })

  it('are only the own ones, and end by POST alone', async () => {
    const [ref] = refsOf(await laptop.get('/devices'))
    const grace = await loggedIn('curl/8.1', { email: 'grace@example.com', password: 'compiler' })
    await end(grace, ref)
    await grace.post('/devices/end-others')
    await request(shop).post('/devices/end').type('form').send({ ref }).expect('location', '/login')
    await request(shop).post('/devices/end-others').expect('location', '/login')
    await laptop.get('/devices/end').expect(404)
    await laptop.get('/devices/end-others').expect(404)
    assert.equal(refsOf(await laptop.get('/devices')).length, 2)
  })

  it('do not end where none is named', async () => {
    for (const form of [{}, { ref: '' }, { ref: ['a', 'b'] }]) {
      await laptop.post('/devices/end').type('form').send(form).expect(400)
    }
    assert.equal(refsOf(await laptop.get('/devices')).length, 2)
  })

  it('may be the one at hand: that is a logout', async () => {
    const [, ref] = refsOf(await phone.get('/devices'))
    await end(laptop, ref)
    assert.equal(await isLoggedIn(laptop), false)
    assert.equal(await isLoggedIn(phone), true)
  })

  it('bear names that people know, and nothing of what else a User-Agent says', async () => {
    const names = {
      Chrome:
        'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36',
      Edge: 'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36 Edg/130.0',
      'Chrome on Android':
        'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36',
      'Safari on Mac': 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.0 Safari/605.1.15'
    }
    for (const [name, userAgent] of Object.entries(names))
      assert.match(nameOf(userAgent), new RegExp(`^${name}`))
    assert.deepEqual([nameOf(undefined), nameOf('<script>')], ['Unknown device', 'Unknown device'])
    await loggedIn('evil<script>alert(1)</script>')
    assert.doesNotMatch((await laptop.get('/devices')).text, /<script>alert/)
  })

  it('are told to API clients in JSON', async () => {
    const login = await request(shop).post('/login').set('Accept', 'application/json').send(ada)
    const asked = await request(shop)
      .get('/devices')
      .set('Accept', 'application/json')
      .set('X-Session-Id', login.headers['x-session-id'])
    assert.equal(asked.body.devices.length, 4)
    assert.equal(asked.body.devices[0].isHere, true)
  })
})

describe('the shop, to an API client that keeps no cookies', () => {
  let shop, id

  beforeEach(() => {
    shop = createShop({ secret: 'shop' })
    id = undefined
  })

  /** Sends back what the last response with that header said. */
  async function ask(method, path, body) {
    const asked = request(shop)[method](path).set('Accept', 'application/json')
    if (id) asked.set('X-Session-Id', id)
    const response = await asked.send(body)
    assert.equal(response.headers['set-cookie'], undefined)
    id = response.headers['x-session-id'] ?? id
    return response
  }

  it('logs in, shops and logs out', async () => {
    assert.equal((await ask('get', '/account')).status, 401)
    await ask('post', '/cart/add', { productId: 'tea', quantity: 2 })
    const anonymous = id
    const login = await ask('post', '/login', ada)
    assert.equal(login.body.flash.message, 'Welcome, Ada!')
    assert.notEqual(id, anonymous)

    await ask('post', '/cart/add', { productId: 'coffee' })
    assert.deepEqual((await ask('get', '/cart')).body.cart, [
      { productId: 'tea', quantity: 2 },
      { productId: 'coffee', quantity: 1 }
    ])
    const account = await ask('get', '/account')
    assert.equal(account.body.user.email, ada.email)
    assert.deepEqual(account.headers.vary.split(', '), ['Accept', 'Cookie', 'X-Session-Id'])
    assert.equal(account.headers['cache-control'], 'no-store')

    const loggedInAs = id
    await ask('post', '/logout')
    assert.equal(id, '')
    id = loggedInAs
    assert.equal((await ask('get', '/account')).status, 401)
  })

  it('is told in JSON what went wrong', async () => {
    const login = await ask('post', '/login', { ...ada, password: 'x' })
    assert.deepEqual([login.status, login.body.flash.message], [401, 'Wrong email or password.'])
    const item = await ask('post', '/cart/add', { productId: 'gold' })
    assert.deepEqual([item.status, item.body.text], [400, 'There is no such product, or not that many.'])
    assert.equal((await ask('get', '/nowhere')).status, 404)
  })

  it('has another session than a browser, whose cookie it cannot use', async () => {
    const browser = await request(shop).post('/login').type('form').send(ada)
    const cookie = browser.headers['set-cookie'][0].split(';')[0]
    const asClient = await request(shop)
      .get('/account')
      .set('Accept', 'application/json')
      .set('Cookie', cookie)
    assert.equal(asClient.status, 401)
    const value = cookie.slice('shop.sid='.length)
    const asBrowser = await request(shop).get('/account').set('X-Session-Id', value)
    assert.equal(asBrowser.headers.location, '/login')
  })
})

describe('npm start', () => {
  const children = []

  afterEach(() => children.splice(0).forEach((child) => child.kill()))

  it('prints what to open, and honours PORT and SESSION_SECRET', async () => {
    const first = await opened(start({ PORT: '0', SESSION_SECRET: 'one secret' }))
    const value = decodeURIComponent(idOf(await request(first).get('/')))
    assert.ok(unsign(value.slice('s:'.length), 'one secret'))
  })

  it('says when the port is taken', async () => {
    const holder = net.createServer().listen(0)
    await once(holder, 'listening')
    const child = start({ PORT: String(holder.address().port) })
    const [code] = await once(child, 'close')
    holder.close()
    assert.equal(code, 1)
    assert.match(child.errors, /^Port \d+ is taken\./)
  })

  it('says what a port is', async () => {
    const child = start({ PORT: 'many' })
    const [code] = await once(child, 'close')
    assert.equal(code, 1)
    assert.match(child.errors, /PORT must be a number/)
  })

  function start(env) {
    const server = path.join(__dirname, '../../examples/shop/server.js')
    const child = spawn(process.execPath, [server], { env: { ...process.env, ...env } })
    children.push(child)
    child.errors = ''
    child.stderr.on('data', (chunk) => (child.errors += chunk))
    return child
  }

  async function opened(child) {
    let output = ''
    for await (const chunk of child.stdout) {
      output += chunk
      const url = /http:\/\/localhost:\d+/.exec(output)
      if (url) return url[0]
    }
    throw new Error(`the shop did not open: ${child.errors}`)
  }
})

function idOf(response) {
  return /shop\.sid=([^;]*)/.exec(response.headers['set-cookie'].join())[1]
}
