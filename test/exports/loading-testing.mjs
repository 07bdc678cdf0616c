// Tells whether the package loads what only tests need, and whether that is the same whichever way it is loaded.

import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
require('express-session')
const isLoaded = Object.keys(require.cache).some((file) => file.includes('testing/'))
const { createSession, storeContract } = await import('express-session/testing')
const required = require('express-session/testing')
console.log(isLoaded, createSession === required.createSession, storeContract === required.storeContract)
