'use strict'

// Whoever has to answer for an app finds each rule about sessions in docs/security.md, and in one word who meets it.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')

const page = fs.readFileSync(path.join(__dirname, '..', '..', 'docs', 'security.md'), 'utf8')

/** OWASP ASVS 5.0, chapter V7: how many requirements each section has. */
const REQUIREMENTS = { 7.1: 3, 7.2: 4, 7.3: 2, 7.4: 5, 7.5: 3, 7.6: 2 }

const VERDICT = /^(default|option|recipe|yours|no)(,( or)? (option|recipe|yours))?$/

/** The rows of the tables below a heading, as lists of cells. */
function rowsBelow(heading) {
  const [, text] = page.split(`\n### ${heading}\n`)
  assert.ok(text, `there is no heading ${heading}`)
  return text
    .split(/\n#{2,4} /)[0]
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.slice(1, -1).split('|'))
    .map((cells) => cells.map((cell) => cell.trim()))
}

/** What stands in the column of verdicts. */
function verdictsBelow(heading) {
  const rows = rowsBelow(heading)
  const verdicts = []
  let column = -1
  for (const row of rows) {
    if (row.includes('met')) column = row.indexOf('met')
    else if (!/^-+$/.test(row[0])) verdicts.push([row[0], row[column]])
  }
  return verdicts
}

describe('docs/security.md', () => {
  it('has each requirement of ASVS 5.0 V7, once', () => {
    const numbers = rowsBelow('OWASP ASVS 5.0').map(([number]) => number)
    const expected = Object.entries(REQUIREMENTS).flatMap(([section, count]) =>
      Array.from({ length: count }, (_, index) => `${section}.${index + 1}`)
    )
    assert.deepEqual(
      numbers.filter((number) => number.startsWith('7.')),
      expected
    )
  })

  for (const heading of ['OWASP Session Management Cheat Sheet', 'OWASP ASVS 5.0', 'NIST SP 800-63B-4']) {
    it(`says in one word who meets each rule of ${heading}`, () => {
      const verdicts = verdictsBelow(heading)
      assert.ok(verdicts.length > 15)
      for (const [rule, verdict] of verdicts) assert.match(verdict, VERDICT, rule)
    })
  }
})
