'use strict'

const path = require('node:path')
const { Processes } = require('../merge/processes')

/** Some processes of the app here, asked in turns. */
class UserProcesses extends Processes {
  get app() {
    return path.join(__dirname, 'app.js')
  }
}

module.exports = { UserProcesses }
