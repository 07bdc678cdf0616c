'use strict'

const session = require('express-session')
const MemcachedStore = require('connect-memcached')(session)

exports.session = session

exports.open = async ({ url, name }) => ({
  store: new MemcachedStore({ hosts: [url], prefix: `${name}:`, secret: 'Xj8$kLp2@Qa9#Zt5!' })
})
