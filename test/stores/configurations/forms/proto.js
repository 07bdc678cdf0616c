'use strict'

const session = require('express-session')
const { methods, openWith } = require('./sessions')

exports.session = session

function MyStore(options) {
  session.Store.call(this, options)
}
MyStore.prototype.__proto__ = session.Store.prototype
Object.assign(MyStore.prototype, methods)

exports.open = async () => openWith(new MyStore({}))
