'use strict'

// All configurations: a store package in one API generation, with one client, on one server.
//
// - module: its file in this folder
// - server: what it keeps its sessions on, a file of ../servers
// - form: how its store comes by the methods of Store
// - keptBy: who keeps the sessions, if not a server: 'files' or 'memory' of the app. Other processes do not see what is
//   in memory, nor what was put into a file that they have read already.

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
  { id: 'connect-mysql', server: 'mysql', form: 'factory, util.inherits' },
  { id: 'knex-mysql', server: 'mysql', form: 'class' },
  { id: 'sequelize-mysql', server: 'mysql', form: 'factory, class' },
  { id: 'typeorm-mysql', server: 'mysql', form: 'class' },
  { id: 'mongo-6', server: 'mongodb', form: 'class' },
  { id: 'mongo-6-esm', module: 'mongo-6-esm/index.mjs', server: 'mongodb', form: 'class' },
  { id: 'mongo-5', server: 'mongodb', form: 'class' },
  { id: 'mongo-4', server: 'mongodb', form: 'class' },
  { id: 'mongodb-session', server: 'mongodb', form: 'factory, Object.create' },
  { id: 'memcached', server: 'memcached', form: 'factory, __proto__' },
  { id: 'memcached-encrypted', server: 'memcached', form: 'factory, __proto__' },
  { id: 'dynamodb', server: 'dynamodb', form: 'factory, __proto__' },
  { id: 'better-sqlite3', server: 'nothing', keptBy: 'files', form: 'factory, class' },
  { id: 'sqlite3', server: 'nothing', keptBy: 'files', form: 'factory, Object.create' },
  { id: 'knex-sqlite', server: 'nothing', keptBy: 'files', form: 'class' },
  { id: 'typeorm-sqlite', server: 'nothing', keptBy: 'memory', form: 'class' },
  { id: 'file', server: 'nothing', keptBy: 'files', form: 'factory, __proto__' },
  { id: 'loki', server: 'nothing', keptBy: 'memory', form: 'factory, util.inherits' },
  {
    id: 'lowdb-esm',
    module: 'lowdb-esm/index.mjs',
    server: 'nothing',
    keptBy: 'memory',
    form: 'factory, class'
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
    ['bare', 'Object.create, no touch']
  ].map(([file, form]) => ({
    id: `form-${file}`,
    module: `forms/${file}.js`,
    title: 'a store of our own',
    server: 'nothing',
    keptBy: 'memory',
    form
  }))
].map((configuration) => ({ module: `${configuration.id}/index.js`, ...configuration }))
