'use strict'

// All configurations: a store package in one API generation, with one client, on one server.
//
// - module: its file in this folder
// - server: what it keeps its sessions on, a file of ../servers
// - form: how its store comes by the methods of Store
// - keptBy: who keeps the sessions, if not a server: 'files' or 'memory' of the app. Other processes do not see what is
//   in memory, nor what was put into a file that they have read already.
// - lacks: the scenarios that fail with it under any express-session, and why

module.exports = [
  { id: 'redis-10', server: 'redis', form: 'class' },
  { id: 'redis-9', server: 'redis', form: 'class' },
  { id: 'redis-9-esm', module: 'redis-9-esm/index.mjs', server: 'redis', form: 'class' },
  { id: 'redis-8', server: 'redis', form: 'class' },
  { id: 'redis-8-ioredis', server: 'redis', form: 'class' },
  { id: 'redis-7', server: 'redis', form: 'class' },
  { id: 'redis-7-ioredis', server: 'redis', form: 'class' },
  { id: 'redis-6', server: 'redis', form: 'factory, class' },
  { id: 'redis-6-redis-3', server: 'redis', form: 'factory, class' },
  { id: 'redis-6-ioredis', server: 'redis', form: 'factory, class' },
  { id: 'redis-3', server: 'redis', form: 'factory, util.inherits' },
  { id: 'pg-simple', server: 'postgres', form: 'factory, class' },
  { id: 'knex-pg', server: 'postgres', form: 'class' },
  { id: 'sequelize-pg', server: 'postgres', form: 'factory, class' },
  { id: 'typeorm-pg', server: 'postgres', form: 'class' },
  { id: 'express-mysql-session', server: 'mysql', form: 'factory, util.inherits' },
  {
    id: 'connect-mysql',
    server: 'mysql',
    form: 'factory, util.inherits',
    lacks: {
      'data types':
        'its table has no place for characters outside of the Basic Multilingual Plane (utf8, not utf8mb4)',
      'expiry after 2 s': 'it looks for expired sessions once in 15 minutes'
    }
  },
  { id: 'knex-mysql', server: 'mysql', form: 'class' },
  { id: 'sequelize-mysql', server: 'mysql', form: 'factory, class' },
  { id: 'typeorm-mysql', server: 'mysql', form: 'class' },
  { id: 'mongo-6', server: 'mongodb', form: 'class' },
  { id: 'mongo-6-esm', module: 'mongo-6-esm/index.mjs', server: 'mongodb', form: 'class' },
  { id: 'mongo-5', server: 'mongodb', form: 'class' },
  { id: 'mongo-4', server: 'mongodb', form: 'class' },
  {
    id: 'mongodb-session',
    server: 'mongodb',
    form: 'factory, Object.create',
    lacks: { all: 'it never calls back, because its driver now returns promises' }
  },
  {
    id: 'memcached',
    server: 'memcached',
    form: 'factory, __proto__',
    lacks: { length: 'it gives statistics of the server, not a number' }
  },
  {
    id: 'memcached-encrypted',
    server: 'memcached',
    form: 'factory, __proto__',
    lacks: { length: 'it gives statistics of the server, not a number' }
  },
  { id: 'dynamodb', server: 'dynamodb', form: 'factory, __proto__' },
  { id: 'better-sqlite3', server: 'nothing', keptBy: 'files', form: 'factory, class' },
  { id: 'sqlite3', server: 'nothing', keptBy: 'files', form: 'factory, Object.create' },
  { id: 'knex-sqlite', server: 'nothing', keptBy: 'files', form: 'class' },
  { id: 'typeorm-sqlite', server: 'nothing', keptBy: 'memory', form: 'class' },
  { id: 'file', server: 'nothing', keptBy: 'files', form: 'factory, __proto__' },
  {
    id: 'loki',
    server: 'nothing',
    keptBy: 'memory',
    form: 'factory, util.inherits',
    lacks: {
      'expiry after 2 s': 'sessions live as long as its own option ttl says, whatever the cookie says'
    }
  },
  {
    id: 'lowdb-esm',
    module: 'lowdb-esm/index.mjs',
    server: 'nothing',
    keptBy: 'memory',
    form: 'factory, class',
    lacks: {
      'expiry after 2 s': 'it keeps all sessions forever',
      '50 sessions':
        'it reads and writes all sessions at once, so that parallel requests overwrite each other'
    }
  },
  { id: 'memorystore', server: 'nothing', keptBy: 'memory', form: 'factory, class' },
  { id: 'memory', title: 'MemoryStore', server: 'nothing', keptBy: 'memory', form: 'built in' },
  ...[
    ['util-inherits', 'util.inherits'],
    ['proto', '__proto__'],
    ['object-create', 'Object.create, Store never called'],
    ['es5-extends', "TypeScript's __extends for ES5"],
    ['class', 'class'],
    ['factory', 'factory'],
    ['memory-store-call', 'util.inherits of MemoryStore'],
    ['bare', 'Object.create, no touch', { lacks: { 'expiry after 2 s': 'it keeps all sessions forever' } }]
  ].map(([file, form, others]) => ({
    id: `form-${file}`,
    module: `forms/${file}.js`,
    title: 'our test store',
    server: 'nothing',
    keptBy: 'memory',
    form,
    ...others
  }))
].map((configuration) => ({ module: `${configuration.id}/index.js`, ...configuration }))
