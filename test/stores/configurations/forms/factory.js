'use strict'

const session = require('express-session')
const { methods, openWith } = require('./sessions')

exports.session = session

// As most store packages export themselves; `connect` may be Connect of old, which had `session` on it.
const factory = (connect) => {
  const Store = connect.Store || connect.session.Store
  class MyStore extends Store {}
  Object.assign(MyStore.prototype, methods)
  return MyStore
}

const MyStore = factory({ session })

exports.open = async () => openWith(new MyStore())
