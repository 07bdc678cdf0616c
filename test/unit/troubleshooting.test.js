'use strict'

// Whoever gets a warning or an error with a code of this package finds it in docs/troubleshooting.md, under a heading of its own.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..', '..')
const page = fs.readFileSync(path.join(root, 'docs', 'troubleshooting.md'), 'utf8')

const sources = fs
  .readdirSync(path.join(root, 'src'), { recursive: true })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => fs.readFileSync(path.join(root, 'src', file), 'utf8'))
  .join('\n')

/** A store gives this one, and we never do. */
const GIVEN_BY_OTHERS = ['ENOENT']

/** All codes of warnings and errors in `src`, by their form. */
const codes = [...sources.matchAll(/'(EXPRESS_SESSION_[A-Z_]+|ERR_[A-Z0-9_]+|E[A-Z]{4,})'/g)]
  .map(([, code]) => code)
  .filter((code, index, all) => all.indexOf(code) === index && !GIVEN_BY_OTHERS.includes(code))

/** The headings that are a code, in lower case what links to them say behind `#`. */
const headings = [...page.matchAll(/^### `([A-Z0-9_]+)`$/gm)].map(([, code]) => code)

describe('docs/troubleshooting.md', () => {
  it('is asked for codes that are there', () => {
    for (const code of ['EXPRESS_SESSION_HEADERS_SENT', 'ESTORETIMEOUT', 'ERR_STREAM_WRITE_AFTER_END']) {
      assert.ok(codes.includes(code), `${code} is not found in src`)
    }
  })

  for (const code of codes) {
    it(`has one heading for ${code}`, () => {
      assert.equal(headings.filter((heading) => heading === code).length, 1)
    })
  }

  it('says of each code what causes it and what to do', () => {
    for (const section of page.split(/^### /m).filter((section) => /^`E[A-Z0-9_]+`\n/.test(section))) {
      assert.match(section, /\*\*Cause\.\*\*[\s\S]*\*\*Cure\.\*\*|The same with/, section.slice(0, 60))
    }
  })

  it('shows lines of DEBUG as they are written', () => {
    const [, table] = /^\| line [\s\S]*?\n((?:\|.*\n)+)/m.exec(page)
    const lines = [...table.matchAll(/^\| `(.+?)` /gm)].map(([, line]) => line)
    assert.ok(lines.length > 10)
    for (const line of lines) {
      const [begin] = line.replace('store.get()', 'store.%s()').split(/ (?:3f2a|\{|TypeError)/)
      assert.ok(sources.includes(`'${begin}`), `nothing in src writes "${line}"`)
    }
  })
})
