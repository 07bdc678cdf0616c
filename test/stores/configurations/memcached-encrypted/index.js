'use strict'

const session = require('express-session')
const MemcachedStore = require('connect-memcached')(session)
const soonBack = require('../memcached/soon-back')

exports.session = session

exports.open = async ({ url, name }) => {
  const secret = 'Xj8$kLp2@Qa9#Zt5!'
  return { store: new MemcachedStore({ hosts: [url], prefix: `${name}:`, secret, ...soonBack }) }
}
