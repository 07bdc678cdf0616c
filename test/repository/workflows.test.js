'use strict'

// What runs for this project on other machines is what was read: actions are pinned, and may do no more than they need.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..', '..')
const folder = path.join(root, '.github', 'workflows')

for (const name of fs.readdirSync(folder)) {
  describe(`the workflow ${name}`, () => {
    const text = fs.readFileSync(path.join(folder, name), 'utf8')

    it('takes each action at a commit, and says which version that is', () => {
      const uses = text.split('\n').filter((line) => /^\s*(- )?uses:/.test(line))
      assert.ok(uses.length > 0)
      for (const line of uses) assert.match(line, /uses: [\w-]+\/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
    })

    it('may read the repository, and no more unless a job says so', () => {
      assert.match(text, /^permissions:\n {2}contents: read\n\n/m)
    })
  })
}

describe('the workflow nightly.yml, which does often what is done at random,', () => {
  const text = fs.readFileSync(path.join(folder, 'nightly.yml'), 'utf8')
  const contributing = fs.readFileSync(path.join(root, 'CONTRIBUTING.md'), 'utf8')
  const rows = [...contributing.matchAll(/^\| `([A-Z_]+)` +\|(.*)\| +(\w+) +\| +(\w+|-) +\|$/gm)]
  const variables = rows.map(([, name, what, usually, atNight]) => ({
    name,
    file: /\]\((test\/[^)]+)\)/.exec(what)[1],
    usually,
    atNight
  }))
  const given = Object.fromEntries([...text.matchAll(/^ {6}([A-Z_]+): (\S+)$/gm)].map(([, ...pair]) => pair))

  it('begins by itself, each night', () => {
    assert.match(text, /^ {2}schedule:\n {4}- cron: '\d+ \d+ \* \* \*'$/m)
  })

  it('does it as often as CONTRIBUTING says', () => {
    assert.ok(variables.length >= 10)
    for (const { name, usually, atNight } of variables) {
      const expected = atNight === '-' || atNight === usually ? undefined : atNight
      assert.equal(given[name], expected, name)
    }
    const named = variables.map(({ name }) => name)
    assert.deepEqual(
      Object.keys(given).filter((name) => !named.includes(name)),
      []
    )
  })

  it('and CONTRIBUTING say how often the files themselves do', () => {
    for (const { name, file, usually } of variables) {
      const source = fs.readFileSync(path.join(root, file), 'utf8').replaceAll(/(\d)_(?=\d)/g, '$1')
      const isDefault = new RegExp(`${name}\\b.*?[^\\w](${usually})\\b`)
      assert.match(source, isDefault, `${name} in ${file}`)
    }
  })

  it('runs each of these files', () => {
    const run = [...text.matchAll(/^ {10}- (test\/\S+)$/gm)].map(([, file]) => file)
    const expected = variables.filter(({ file }) => file.endsWith('.test.js')).map(({ file }) => file)
    assert.deepEqual(run.sort(), expected.sort())
  })
})
