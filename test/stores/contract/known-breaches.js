'use strict'

// What store packages are known to break, and what they do instead: `rule`, `stores` (ids of ../configurations/list.js), `does`.
// The contract run fails when a store breaks more, or when it has been mended.

module.exports = [
  {
    rule: 'each call is answered once',
    stores: ['typeorm-pg', 'typeorm-mysql', 'typeorm-sqlite'],
    does: 'answers a touch twice'
  },
  {
    rule: 'ids that differ in upper and lower case are two sessions',
    stores: ['connect-mysql', 'knex-mysql', 'sequelize-mysql', 'typeorm-mysql'],
    does: "takes them for one, as MySQL's usual collation does. Ids of 24 random bytes do not meet by chance"
  },
  {
    rule: 'ids may hold any characters',
    stores: ['connect-mysql'],
    does: 'refuses characters outside of the Basic Multilingual Plane'
  },
  {
    rule: 'ids may hold any characters',
    stores: ['sequelize-pg', 'sequelize-mysql'],
    does: 'refuses ids of more than 36 characters'
  },
  {
    rule: 'ids may hold any characters',
    stores: ['memcached', 'memcached-encrypted'],
    does: 'refuses white space'
  },
  {
    rule: 'ids may hold any characters',
    stores: ['file'],
    does: 'takes them for names of files, so that a slash is an error'
  },
  {
    rule: 'ids may be 64 characters long',
    stores: ['sequelize-pg', 'sequelize-mysql'],
    does: 'refuses ids of more than 36 characters. Its option `table` takes a table with more room'
  },
  {
    rule: 'text comes back to the last character',
    stores: ['connect-mysql'],
    does: 'refuses characters outside of the Basic Multilingual Plane, such as emoji'
  },
  {
    rule: 'dates come back as text, and what JSON leaves out is left out',
    stores: ['mongodb-session'],
    does: 'gives dates as dates, and null for what is undefined'
  },
  {
    rule: 'dates come back as text, and what JSON leaves out is left out',
    stores: ['loki'],
    does: 'gives the objects that the app has put there'
  },
  {
    rule: 'set stores a copy',
    stores: ['loki'],
    does: 'keeps the objects of the session itself'
  },
  {
    rule: 'get gives a new object each time',
    stores: ['loki'],
    does: 'gives the object that it keeps'
  },
  {
    rule: 'set changes nothing of the session that it is given',
    stores: ['file'],
    does: 'adds `__lastAccess`'
  },
  {
    rule: 'a session of 100 KB comes back whole',
    stores: ['connect-mysql', 'sequelize-mysql', 'typeorm-mysql'],
    does: 'has a column of type TEXT, which holds 64 KB'
  },
  {
    rule: 'calls at the same time do not disturb each other',
    stores: ['lowdb-esm'],
    does: 'reads and writes all sessions at once, so that some are lost'
  },
  {
    rule: 'get gives nothing once cookie.expires is past',
    stores: ['connect-mysql'],
    does: 'looks for expired sessions once in 15 minutes'
  },
  {
    rule: 'get gives nothing once cookie.expires is past',
    stores: ['loki'],
    does: 'goes by its own option `ttl`, whatever the cookie says'
  },
  {
    rule: 'get gives nothing once cookie.expires is past',
    stores: ['lowdb-esm', 'form-bare'],
    does: 'keeps sessions forever'
  },
  {
    rule: 'a session ends at cookie.expires, also where originalMaxAge is longer',
    stores: ['file'],
    does: 'counts `originalMaxAge` from the last save or touch'
  },
  {
    rule: 'a session may be stored for a year',
    stores: ['memcached', 'memcached-encrypted'],
    does: 'hands the seconds on to memcached, which takes more than 30 days of them for a date, and that is past'
  },
  {
    rule: 'touch moves the end of a session',
    stores: ['knex-pg', 'knex-mysql', 'knex-sqlite', 'sqlite3'],
    does: 'leaves the end as it is for a cookie that has none any more'
  },
  {
    rule: 'touch changes no data',
    stores: ['memcached', 'memcached-encrypted', 'lowdb-esm'],
    does: 'stores the whole session'
  },
  {
    rule: 'touch of an unknown id creates nothing',
    stores: ['memcached', 'memcached-encrypted', 'lowdb-esm'],
    does: 'stores the whole session'
  },
  {
    rule: 'touch of an unknown id is no error',
    stores: ['mongo-6', 'mongo-6-esm', 'mongo-5', 'mongo-4', 'file'],
    does: 'answers with an error'
  },
  {
    rule: 'all gives every session, in a list or by id',
    stores: ['better-sqlite3', 'lowdb-esm'],
    does: 'gives its own records, each with a session in it'
  },
  {
    rule: 'all gives every session, in a list or by id',
    stores: ['mongodb-session'],
    does: 'never answers'
  },
  {
    rule: 'length gives the number of sessions',
    stores: ['memcached', 'memcached-encrypted'],
    does: 'gives statistics of the server'
  }
]
