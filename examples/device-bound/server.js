'use strict'

// The shop of ../shop over https, with sessions that are bound to the device they began on: cookies that are copied to
// another one are dead within a minute. docs/device-bound.md walks through it.

const { randomBytes } = require('node:crypto')
const https = require('node:https')
const { createShop } = require('../shop/app')
const { makeCertificate } = require('./certificate')

const port = Number(process.env.PORT || 3443)

// A minute, so that nobody waits for long. In production it is ten, the default.
const lifetime = Number(process.env.LIFETIME || 60_000)

const { key, cert, pin } = makeCertificate()
const shop = createShop({
  secret: process.env.SESSION_SECRET || randomBytes(32).toString('hex'),
  deviceBound: { when: (session) => session.user !== undefined, lifetime }
})

const server = https.createServer({ key, cert }, shop).listen(port, () => {
  const url = `https://localhost:${server.address().port}`
  console.log(`The shop is open: ${url}
Chrome on Windows binds sessions by itself, once it trusts the certificate of a site. Chromium on Linux can be told to:

  chromium --user-data-dir=$(mktemp -d) \\
    --ignore-certificate-errors-spki-list=${pin} \\
    --enable-features=DeviceBoundSessions:RefreshQuota/false,EnableBoundSessionCredentialsSoftwareKeysForManualTesting \\
    ${url}/login

Log in as ada@example.com with the password "analytical". Ctrl+C closes the shop.`)
})

server.on('error', (err) => {
  console.error(
    err.code === 'EADDRINUSE' ? `Port ${port} is taken. Choose another one by PORT.` : err.message
  )
  process.exit(1)
})
