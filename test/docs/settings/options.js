'use strict'

// The block is members of the options, or calls of session(), which need not have those that every app has.

require('./bare')

const { secret, store } = globalThis
const made = globalThis.session
const usual = { secret, resave: false, saveUninitialized: false, store }

const session = (options) => made({ ...usual, ...options })

globalThis.session = Object.defineProperties(session, Object.getOwnPropertyDescriptors(made))
globalThis.endOfBlock = async () => process.exit()
