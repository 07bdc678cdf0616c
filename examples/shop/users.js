'use strict'

const { timingSafeEqual, scryptSync } = require('node:crypto')

// A real shop keeps salted hashes in a database; this one knows two people and hashes when it starts.
const users = [
  { id: '1', name: 'Ada', email: 'ada@example.com', hash: hashOf('analytical', 'ada@example.com') },
  { id: '2', name: 'Grace', email: 'grace@example.com', hash: hashOf('compiler', 'grace@example.com') }
]

// Gives what the session may know about the person - never the hash - or undefined.
function authenticate(email, password) {
  if (typeof email !== 'string' || typeof password !== 'string') return undefined

  const user = users.find((candidate) => candidate.email === email.trim().toLowerCase())
  if (!user || !timingSafeEqual(user.hash, hashOf(password, user.email))) return undefined
  return { id: user.id, name: user.name, email: user.email }
}

function hashOf(password, salt) {
  return scryptSync(password, salt, 32)
}

module.exports = { authenticate }
