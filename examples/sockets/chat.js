'use strict'

// A chat over web sockets for those who are logged in. The socket knows its visitor by the session, and a logout in any
// tab closes the sockets of that session.

const http = require('node:http')
const express = require('express')
const session = require('express-session')
const { WebSocketServer } = require('ws')
const { page } = require('./page')

const IDLE_TIMEOUT = 30 * 60 * 1000 // half an hour, in milliseconds
const CHECK_EVERY = 60 * 1000

// What a socket is closed with when its session has ended: codes from 4000 on are an app's own.
const LOGGED_OUT = 4401

function createChat({ secret, store, checkEvery = CHECK_EVERY }) {
  const sessions = session({
    secret,
    store,
    name: 'chat.sid',
    resave: false,
    saveUninitialized: false,
    rolling: true,
    clearCookie: true, // at logout
    cookie: { httpOnly: true, sameSite: 'lax', secure: 'auto', maxAge: IDLE_TIMEOUT }
  })

  const app = express()
  app.use(sessions)
  app.use(express.urlencoded({ extended: false }))
  app.get('/', (req, res) => res.send(page(req.session.user)))

  app.post('/login', async (req, res) => {
    const name = String(req.body?.name ?? '').trim()
    if (!name) return res.redirect('/')
    await req.session.regenerate()
    req.session.user = name
    res.redirect('/')
  })

  app.post('/logout', async (req, res) => {
    const id = req.sessionID
    await req.session.destroy()
    closeSocketsOf(id)
    res.redirect('/')
  })

  const server = http.createServer(app)
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 4096 })
  const open = new Map() // the sockets of a session, by its id

  server.on('upgrade', async (req, socket, head) => {
    socket.on('error', () => socket.destroy())
    // Browsers let any site open a socket here, and send the cookie along: only our own pages may.
    if (!isSameOrigin(req)) return refuse(socket, '403 Forbidden')
    try {
      const visit = await sessions.load(req)
      if (!visit?.user) return refuse(socket, '401 Unauthorized')
      sockets.handleUpgrade(req, socket, head, (ws) => welcome(ws, visit))
    } catch (error) {
      console.error(error)
      refuse(socket, '503 Service Unavailable')
    }
  })

  function welcome(ws, visit) {
    ws.visit = visit
    const others = open.get(visit.id) ?? new Set()
    open.set(visit.id, others.add(ws))
    ws.on('close', () => {
      others.delete(ws)
      if (others.size === 0 && open.get(visit.id) === others) open.delete(visit.id)
    })
    ws.on('error', () => ws.close())

    ws.send(`Hello ${visit.user}`)
    ws.on('message', async (message) => {
      try {
        // What another request has changed meanwhile must not be overwritten: so load it again, and then save. That
        // restarts the idle timeout, too. Both fail when the session has ended.
        await visit.reload()
        visit.messages = (visit.messages || 0) + 1
        await visit.save()
      } catch {
        return ws.close(LOGGED_OUT, 'You have been logged out')
      }
      for (const each of sockets.clients) each.send(`${visit.user}: ${message}`)
    })
  }

  function closeSocketsOf(id) {
    for (const ws of open.get(id) ?? []) ws.close(LOGGED_OUT, 'You have been logged out')
  }

  // A session may also end by itself, or in another process, where nobody knows of the sockets here.
  const checking = setInterval(async () => {
    for (const ws of sockets.clients) {
      await ws.visit.reload().catch(() => ws.close(LOGGED_OUT, 'You have been logged out'))
    }
  }, checkEvery)
  checking.unref()
  server.on('close', () => clearInterval(checking))

  return server
}

function isSameOrigin({ headers: { origin, host } }) {
  return URL.canParse(origin ?? '') && new URL(origin).host === host
}

function refuse(socket, status) {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

module.exports = { LOGGED_OUT, createChat }
