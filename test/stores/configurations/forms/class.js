'use strict'

const session = require('express-session')
const { methods, openWith } = require('./sessions')

exports.session = session

class MyStore extends session.Store {}
Object.assign(MyStore.prototype, methods)

exports.open = async () => openWith(new MyStore())
