'use strict'

const fs = require('node:fs')
const path = require('node:path')

// docs/browsers.md: what stands between two comments there is written by the run, all else by hand.

const file = path.join(__dirname, '../../../docs/browsers.md')
const part = (name) => new RegExp(`(<!-- written by the run: ${name} -->\n)([^]*?)(\n<!-- end -->)`)

/** The rows of a table of the page: their cells, by what each is about. */
function readTable(name) {
  const [, , text] = part(name).exec(fs.readFileSync(file, 'utf8'))
  const lines = text.split('\n').filter((line) => line.startsWith('|'))
  const [head, , ...rows] = lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
  )
  return new Map(
    (rows ?? []).map((cells) => [cells[0], Object.fromEntries(head.map((of, i) => [of, cells[i]]))])
  )
}

/** A table of rows, each an object of cells. */
function tableOf(rows) {
  const heads = Object.keys(rows[0])
  const lines = [heads, heads.map(() => '---'), ...rows.map(Object.values)]
  return lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}

/** Writes parts of the page anew. */
async function writeParts(parts) {
  const prettier = await import('prettier')
  let text = fs.readFileSync(file, 'utf8')
  for (const [name, content] of Object.entries(parts)) {
    text = text.replace(part(name), (_, begin, old, end) => `${begin}\n${content.trim()}\n${end}`)
  }
  const options = await prettier.resolveConfig(file)
  fs.writeFileSync(file, await prettier.format(text, { ...options, filepath: file }))
}

module.exports = { readTable, tableOf, writeParts }
