'use strict'

const fs = require('node:fs/promises')
const path = require('node:path')
const { testsOf } = require('../../testing/collect')
const known = require('./known-breaches')
const { nameOf, stores: all } = require('./stores')

const DOCS = path.join(__dirname, '..', '..', '..', 'docs', 'stores.md')
const BEGIN = '<!-- What stores break, written by `npm run test:stores`, from here -->'
const END = '<!-- what stores break, to here -->'

/** What the stores have been seen to break, beside what they are known to. */
class Breaches {
  constructor() {
    this.outcomes = new Map()
    this.skipped = []
  }

  skip(id, what) {
    this.skipped.push(id)
    console.log(`\nSKIPPED the contract on ${id}: needs ${what}`)
  }

  add(id, outcomes) {
    this.outcomes.set(id, outcomes)
    const broken = outcomes.filter(({ outcome }) => outcome === 'broken')
    console.log(`${id}: breaks ${broken.length || 'none'} of ${outcomes.length} clauses`)
  }

  /** What is not as it is known to be, as text. */
  faults() {
    return [...this.outcomes].flatMap(([id, outcomes]) =>
      outcomes.flatMap(({ rule, outcome, why }) => {
        const isBroken = outcome === 'broken'
        if (isBroken === isKnown(id, rule)) return []
        return [isBroken ? `${id} breaks "${rule}":\n${why}` : `${id} does not break "${rule}" any more`]
      })
    )
  }

  /** Tells what has come of it. Gives whether all is as it is known. */
  report() {
    const faults = this.faults()
    for (const fault of faults) console.log(`\nFAULT contract: ${fault}`)
    console.log(`\nthe contract on ${this.outcomes.size} stores: ${faults.length || 'no'} faults`)
    return faults.length === 0 && !(this.skipped.length > 0 && process.env.CI)
  }

  /** Writes the table into its part of docs/stores.md. */
  async write() {
    if (this.skipped.length > 0 || this.faults().length > 0) {
      console.log('docs/stores.md stays as it is: it shows whole runs only, without faults.')
      return
    }
    const text = await fs.readFile(DOCS, 'utf8')
    const [before, rest] = [text.slice(0, text.indexOf(BEGIN)), text.slice(text.indexOf(END))]
    await fs.writeFile(DOCS, `${before}${BEGIN}\n\n${this.table()}\n\n${rest}`)
  }

  table() {
    const tests = testsOf(() => {})
    const lines = tests.flatMap(({ rule, harm }) =>
      known
        .filter((breach) => breach.rule === rule)
        .map(({ stores, does }) => [rule, harm, stores.map(nameOf).join('; '), does])
    )
    const heads = ['clause', '"or ..."', 'stores that break it', 'what such a store does']
    return [
      `The contract has ${tests.length} clauses. These packages break none: ${this.flawless().join('; ')}.`,
      [heads, heads.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
    ].join('\n\n')
  }

  /** The titles of the stores that break nothing, but for those that are made for these tests. */
  flawless() {
    return all
      .filter(({ title }) => title !== 'our test store')
      .filter(({ id }) => this.outcomes.get(id).every(({ outcome }) => outcome !== 'broken'))
      .map(({ id }) => nameOf(id))
  }
}

function isKnown(id, rule) {
  return known.some((breach) => breach.rule === rule && breach.stores.includes(id))
}

module.exports = { Breaches, isKnown }
