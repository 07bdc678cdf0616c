'use strict'

const fs = require('node:fs/promises')
const path = require('node:path')
const session = require('express-session')
const FileStore = require('session-file-store')(session)

exports.session = session

exports.open = async ({ folder }) => ({
  store: new FileStore({ path: folder, retries: 1, minTimeout: 20, maxTimeout: 20, logFn: () => {} }),
  raw: (sid) => fs.readFile(path.join(folder, `${sid}.json`), 'utf8')
})
