'use strict'

// An Express app with sessions.

require('./bare')

const { app, secret, session, store } = globalThis

app.use(session({ secret, resave: false, saveUninitialized: false, store }))
