'use strict'

// node examples/metrics/server.js

const { MemoryStore } = require('express-session')
const { createApp } = require('./app')

const port = process.env.PORT ?? 3000
const { app } = createApp({ secret: process.env.SECRET ?? 'only for this example', store: new MemoryStore() })

app.listen(port, () => {
  console.log(`http://localhost:${port}/dashboard`)
})
