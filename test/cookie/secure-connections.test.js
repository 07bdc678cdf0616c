'use strict'

// A secure cookie goes out over https, ended here or at a proxy that the app trusts, and over nothing else.

const assert = require('node:assert/strict')
const https = require('node:https')
const express = require('express')
const { certificate } = require('../support/certificate')
const { JsonStore, closeAll, listen, serve, session, usual } = require('../support/harness')

const serverSide = certificate()
const clientSide = { rejectUnauthorized: false }

function write(req, res) {
  req.session.user = 'ada'
  res.json(req.session.cookie)
}

/** What a client gets over https. */
async function visitByTls(options) {
  const app = express()
  app.use(session({ ...usual, store: new JsonStore(), ...options }), write)
  const { port } = await listen(https.createServer(serverSide, app))
  return new Promise((resolve, reject) => {
    const request = https.get({ host: '127.0.0.1', port, agent: false, ...clientSide }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.headers['set-cookie'] || []))
    })
    request.on('error', reject)
  })
}

/** What a client gets over http, with what its proxy says. */
async function visitByProxy(options, protocol, setUp) {
  const { visit } = await serve({ store: new JsonStore(), ...options }, write, setUp)
  return (await visit({ headers: { 'X-Forwarded-Proto': protocol } })).setCookie
}

const trusting = (app) => app.set('trust proxy', 1)

describe('a secure cookie', () => {
  afterEach(closeAll)

  it('goes out over https', async () => {
    const [cookie] = await visitByTls({ cookie: { secure: true } })
    assert.match(cookie, /; Secure$/)
  })

  it('goes out where a proxy speaks https and the app trusts it', async () => {
    const cookie = { secure: true }
    assert.equal((await visitByProxy({ cookie, proxy: true }, 'https')).length, 1)
    assert.equal((await visitByProxy({ cookie, proxy: true }, 'HTTPS, http')).length, 1)
    assert.equal((await visitByProxy({ cookie }, 'https', trusting)).length, 1)
  })

  it('stays in where the client does not speak https, or the app trusts no proxy', async () => {
    const cookie = { secure: true }
    assert.deepEqual(await visitByProxy({ cookie, proxy: true }, 'http, https'), [])
    assert.deepEqual(await visitByProxy({ cookie, proxy: false }, 'https', trusting), [])
    assert.deepEqual(await visitByProxy({ cookie }, 'https'), [])
  })

  it('goes out where the host says by req.connection or by req.socket that it has spoken https', async () => {
    for (const secure of [true, 'auto']) {
      for (const name of ['connection', 'socket']) {
        const [cookie] = await visitByProxy({ cookie: { secure } }, 'http', (app) => {
          app.use((req, res, next) => {
            const { socket } = req
            Object.defineProperty(req, name, { value: Object.create(socket, { encrypted: { value: true } }) })
            next()
          })
        })
        assert.match(cookie, /; Secure$/, `${name} ${secure}`)
      }
    }
  })

  it('is what secure: auto makes of a cookie over https, and only there', async () => {
    const cookie = { secure: 'auto' }
    assert.match((await visitByTls({ cookie }))[0], /; Secure$/)
    assert.match((await visitByProxy({ cookie, proxy: true }, 'https'))[0], /; Secure$/)
    assert.doesNotMatch((await visitByProxy({ cookie, proxy: true }, 'http'))[0], /Secure/)
  })
})
