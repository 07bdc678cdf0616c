'use strict'

// The contract under Node's own runner, on a store that lacks much: store-contract.test.js runs it.

const { describe, it } = require('node:test')
const { storeContract } = require('express-session/testing')
const LackingStore = require('./lacking-store')

storeContract({ describe, it }, () => new LackingStore())
