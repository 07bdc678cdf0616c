'use strict'

const fs = require('node:fs')
exports.Breaches = class {
  constructor() {
    this.rows = []
  }
  skip(id, what) {
    console.log('SKIPPED', id, what)
  }
  add({ id }, outcomes) {
    this.rows.push({ id, outcomes })
    console.log(
      id,
      outcomes.filter((o) => o.outcome === 'broken').map((o) => o.rule)
    )
    fs.writeFileSync('/tmp/kit-breaches.json', JSON.stringify(this.rows, null, 1))
  }
  report() {
    return true
  }
  async write() {}
}
