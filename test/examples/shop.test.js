'use strict'

// The shop of the examples does what a shop must, and `npm start` says what to open.

const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const net = require('node:net')
const path = require('node:path')
const { unsign } = require('cookie-signature')
const request = require('supertest')
const { createShop } = require('../../examples/shop/app')

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
