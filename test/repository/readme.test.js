'use strict'

// README can be read in five minutes, and leads to everything else.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..', '..')
const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8')

describe('README', () => {
  it('has 200 lines at most', () => {
    assert.ok(readme.split('\n').length <= 200, `${readme.split('\n').length} lines`)
  })

  it('leads to each page of docs', () => {
    const pages = fs.readdirSync(path.join(root, 'docs')).filter((name) => name.endsWith('.md'))
    assert.deepEqual(
      pages.filter((name) => !new RegExp(`\\(docs/${name}[)#]`).test(readme)),
      []
    )
  })

  it('names each option', () => {
    const settings = fs.readFileSync(path.join(root, 'src/options.ts'), 'utf8')
    const [, body] = /export interface SessionOptions \{([\s\S]*?)\n\}/.exec(settings)
    const names = [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, name]) => name)
    assert.ok(names.length > 20)
    assert.deepEqual(
      names.filter((name) => name !== 'key' && !new RegExp(`^\\|.*\`${name}\`.*\\|`, 'm').test(readme)),
      []
    )
  })

  it('names what is added and no option, and leads to it', () => {
    for (const [what, where] of [
      ['new MemoryStore({ max, sweepInterval })', 'stores.md#memorystore-at-most-so-many-sessions'],
      ['session.infoOf(req)', 'observability.md#why-a-visitor-has-a-new-session'],
      ['express-session:load', 'observability.md#diagnostics-channels'],
      ['__session', 'lifetimes.md#__session-what-is-remembered-with-a-session']
    ]) {
      const row = readme.split('\n').find((line) => line.startsWith('| ') && line.includes(`\`${what}\``))
      assert.ok(row?.includes(`(docs/${where})`), what)
    }
  })
})
