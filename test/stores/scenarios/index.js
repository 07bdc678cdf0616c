'use strict'

/** All scenarios by their names, in the order of the table. */
module.exports = {
  ...require('./new-session'),
  ...require('./changing'),
  ...require('./session-methods'),
  ...require('./expiry'),
  ...require('./store-methods'),
  ...require('./parallel'),
  ...require('./stored-form'),
  ...require('./two-processes')
}
