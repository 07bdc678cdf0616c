'use strict'

const { randomBytes } = require('node:crypto')
const { createShop } = require('./app')

const port = Number(process.env.PORT || 3000)

// Without a secret of its own the shop draws one: sessions then last as long as the process, which is as
// long as the MemoryStore keeps them anyway.
const secret = process.env.SESSION_SECRET || randomBytes(32).toString('hex')

if (!Number.isInteger(port) || port < 0 || port > 65535) {
  fail(`PORT must be a number from 0 to 65535, not "${process.env.PORT}".`)
}

const server = createShop({ secret }).listen(port, (err) => {
  if (err) return fail(reasonOf(err))
  console.log(`The shop is open: http://localhost:${server.address().port}`)
  console.log('Log in as ada@example.com with the password "analytical". Ctrl+C closes the shop.')
})

function reasonOf(err) {
  if (err.code === 'EADDRINUSE') return `Port ${port} is taken. Choose another one: PORT=3001 npm start`
  if (err.code === 'EACCES')
    return `This user may not listen on port ${port}. Choose another one: PORT=3001 npm start`
  return err.message
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
