'use strict'

const session = require('express-session')
const { methods, openWith } = require('./sessions')

exports.session = session

// The constructor of Store is never run.
function MyStore() {}
MyStore.prototype = Object.create(session.Store.prototype)
MyStore.prototype.constructor = MyStore
Object.assign(MyStore.prototype, methods)

exports.open = async () => openWith(new MyStore())
