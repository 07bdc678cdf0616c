'use strict'

// The contract under mocha, on a store that lacks much: store-contract.test.js runs it.

const { storeContract } = require('express-session/testing')
const LackingStore = require('./lacking-store')

storeContract({ describe, it }, () => new LackingStore())
