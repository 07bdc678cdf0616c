'use strict'

const util = require('node:util')
const session = require('express-session')
const { methods, openWith } = require('./sessions')

exports.session = session

function MyStore(options) {
  session.Store.call(this, options)
}
util.inherits(MyStore, session.Store)
Object.assign(MyStore.prototype, methods)

exports.open = async () => openWith(new MyStore({}))
