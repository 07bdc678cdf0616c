'use strict'

const { execFile } = require('node:child_process')
const os = require('node:os')
const path = require('node:path')
const { promisify } = require('node:util')
const mysql = require('mysql2/promise')
const findCommand = require('./find-command')
const { OwnProcess, freePort } = require('./own-process')

exports.title = 'MariaDB'
exports.variable = 'MYSQL_URL'
exports.needs = 'the package mariadb-server'
exports.keepsWhatItAcknowledged = true

exports.start = async (folder) => {
  const command = findCommand('mariadbd')
  const install = findCommand('mariadb-install-db')
  if (!command || !install) return undefined

  const user = os.userInfo().username
  const data = path.join(folder, 'data')
  await promisify(execFile)(install, [
    '--no-defaults',
    `--datadir=${data}`,
    `--user=${user}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db'
  ])

  const port = await freePort()
  const url = `mysql://root@127.0.0.1:${port}/`
  const args = ['--no-defaults', `--datadir=${data}`, `--user=${user}`, `--port=${port}`]
  args.push('--bind-address=127.0.0.1', `--socket=${path.join(folder, 'socket')}`, '--skip-name-resolve')
  // What has been committed is on the disk: it survives a SIGKILL.
  args.push('--innodb-flush-log-at-trx-commit=1')
  const ready = async () => (await mysql.createConnection(url)).end()
  const server = new OwnProcess({ command, args, port, ready })
  await server.start()
  return { server, url }
}

/** Each run has a part of its own of the server: a database. */
exports.part = async (url, name) => {
  const database = name.replaceAll('-', '_')
  const connection = await mysql.createConnection(url)
  await connection.query(`DROP DATABASE IF EXISTS ${database}`)
  await connection.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`)
  await connection.end()
  return new URL(database, url).href
}
