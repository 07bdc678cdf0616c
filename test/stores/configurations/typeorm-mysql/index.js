'use strict'

const session = require('express-session')
const { TypeormStore } = require('connect-typeorm')
const { DataSource, EntitySchema } = require('typeorm')
const waitForTypeorm = require('../wait-for-typeorm')

exports.session = session

// The entity of connect-typeorm's README, as JavaScript writes it.
const Session = new EntitySchema({
  name: 'Session',
  columns: {
    expiredAt: { type: 'bigint' },
    id: { type: 'varchar', length: 255, primary: true },
    json: { type: 'text' },
    destroyedAt: { type: Date, deleteDate: true, nullable: true }
  }
})

exports.open = async ({ url }) => {
  const database = new DataSource({
    type: 'mysql',
    url,
    charset: 'utf8mb4',
    entities: [Session],
    synchronize: true
  })
  await database.initialize()
  const repository = database.getRepository(Session)
  const store = new TypeormStore({ cleanupLimit: 2, limitSubquery: false, onError: () => {} })
  return {
    store: waitForTypeorm(store.connect(repository), repository),
    raw: async (sid) => (await repository.findOneBy({ id: sid }))?.json
  }
}
