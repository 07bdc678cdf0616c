'use strict'

// The chat of the examples knows who talks, and a logout closes the sockets of its session, in whatever process.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const request = require('supertest')
const { WebSocket } = require('ws')
const { LOGGED_OUT, createChat } = require('../../examples/sockets/chat')
const { JsonStore, closeAll, listen } = require('../support/harness')

describe('the chat', () => {
  let store, origin
  const opened = []

  beforeEach(async () => {
    store = new JsonStore()
    origin = await start()
  })

  afterEach(async () => {
    for (const ws of opened.splice(0)) ws.terminate()
    await closeAll()
  })

  /** One process of the chat. */
  async function start(options) {
    const { port } = await listen(createChat({ secret: 'chat', store, ...options }))
    return `http://127.0.0.1:${port}`
  }

  async function logIn(name) {
    const response = await request(origin).post('/login').type('form').send({ name })
    assert.equal(response.headers.location, '/')
    return response.headers['set-cookie'][0].split(';')[0]
  }

  /** Opens a socket, and reads its greeting. */
  async function open(cookie, at = origin) {
    const ws = new WebSocket(at.replace('http', 'ws') + '/chat', { origin: at, headers: { cookie } })
    opened.push(ws)
    const [greeting] = await once(ws, 'message')
    ws.greeting = String(greeting)
    return ws
  }

  const refusal = async (headers) => {
    const ws = new WebSocket(origin.replace('http', 'ws'), { headers })
    const [error] = await once(ws, 'error')
    return error.message
  }

  it('greets by name who is logged in', async () => {
    const cookie = await logIn('Ada <3')
    assert.match((await request(origin).get('/').set('Cookie', cookie)).text, /You are Ada &#60;3\./)
    assert.equal((await open(cookie)).greeting, 'Hello Ada <3')
  })

  it('refuses who is not, and pages of other sites', async () => {
    assert.match(await refusal({ origin }), /401/)
    const cookie = await logIn('ada')
    assert.match(await refusal({ cookie, origin: 'https://evil.example' }), /403/)
    assert.match(await refusal({ cookie }), /403/)
  })

  it('says so where the store fails', async () => {
    const cookie = await logIn('ada')
    store.get = (sid, callback) => setImmediate(callback, new Error('store failed'))
    const { error } = console
    console.error = () => {}
    try {
      assert.match(await refusal({ cookie, origin }), /503/)
    } finally {
      console.error = error
    }
  })

  it('tells all what is said, and counts it in the session', async () => {
    const [ada, grace] = [await open(await logIn('ada')), await open(await logIn('grace'))]
    ada.send('hello')
    assert.equal(String((await once(grace, 'message'))[0]), 'ada: hello')
    const messages = Object.values(store.sessions).map((json) => JSON.parse(json).messages)
    assert.deepEqual(messages, [1, undefined])
  })

  it('closes all sockets of a session at its logout, and no others', async () => {
    const cookie = await logIn('ada')
    const sockets = [await open(cookie), await open(cookie)]
    const grace = await open(await logIn('grace'))
    const closed = Promise.all(sockets.map((ws) => once(ws, 'close')))
    await request(origin).post('/logout').set('Cookie', cookie)
    for (const [code, reason] of await closed) {
      assert.deepEqual([code, String(reason)], [LOGGED_OUT, 'You have been logged out'])
    }
    grace.send('still here')
    assert.equal(String((await once(grace, 'message'))[0]), 'grace: still here')
    assert.equal(Object.keys(store.sessions).length, 1)
  })

  it('closes a socket of another process with its next message', async () => {
    const cookie = await logIn('ada')
    const ws = await open(cookie, await start())
    await request(origin).post('/logout').set('Cookie', cookie)
    ws.send('hello?')
    assert.equal((await once(ws, 'close'))[0], LOGGED_OUT)
    assert.deepEqual(store.sessions, {})
  })

  it('closes it without any, too, when it next looks', async () => {
    const cookie = await logIn('ada')
    const ws = await open(cookie, await start({ checkEvery: 20 }))
    const closed = once(ws, 'close')
    await request(origin).post('/logout').set('Cookie', cookie)
    assert.equal((await closed)[0], LOGGED_OUT)
  })
})
