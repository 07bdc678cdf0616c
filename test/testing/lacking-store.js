'use strict'

const { MemoryStore } = require('express-session')

/** A store without a good part of what it may have. */
module.exports = class LackingStore extends MemoryStore {
  all = undefined
  length = undefined
  clear = undefined
  update = undefined
}
