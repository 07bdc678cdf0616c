'use strict'

const { Sequelize } = require('sequelize')
const session = require('express-session')
const SequelizeStore = require('connect-session-sequelize')(session.Store)

exports.session = session

exports.open = async ({ url }) => {
  const sequelize = new Sequelize(url, { logging: false })
  const store = new SequelizeStore({ db: sequelize, checkExpirationInterval: 500 })
  await store.sync()
  return {
    store,
    raw: async (sid) => (await sequelize.models.Session.findByPk(sid))?.get('data')
  }
}
