'use strict'

const session = require('express-session')
const MySQLStore = require('express-mysql-session')(session)

exports.session = session

exports.open = async ({ url }) => {
  const { hostname, port, username, password, pathname } = new URL(url)
  const store = new MySQLStore({
    host: hostname,
    port: Number(port),
    user: username,
    password: decodeURIComponent(password),
    database: pathname.slice(1)
  })
  await store.onReady()
  return {
    store,
    raw: async (sid) => {
      const [rows] = await store.connection.query('SELECT data FROM sessions WHERE session_id = ?', [sid])
      return rows[0]?.data
    }
  }
}
