'use strict'

// Who packs this package in a clone gets a file that is at home elsewhere, and a clone that is as it was.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const root = path.join(__dirname, '..', '..')
const manifest = {
  name: 'it',
  version: '3.2.1',
  repository: { url: 'git+https://host.example/me/it.git' },
  scripts: { build: 'tsc', prepare: 'npm run build', prepack: 'on', postpack: 'off' }
}
const page =
  '[a](docs/a.md#b), ![c](c.svg), [d](#d), [e](https://e.example/), <https://f.example>, `[g](x)`\n'

let clone

beforeEach(() => {
  clone = fs.mkdtempSync(path.join(os.tmpdir(), 'clone-'))
  fs.mkdirSync(path.join(clone, 'scripts'))
  fs.copyFileSync(path.join(root, 'scripts/packed-form.js'), path.join(clone, 'scripts/packed-form.js'))
  write('package.json', JSON.stringify(manifest))
  write('README.md', page)
  write('CHANGELOG.md', '# Changelog\n\n[docs](docs/x.md)\n')
})

afterEach(() => fs.rmSync(clone, { recursive: true, force: true }))

const write = (name, text) => fs.writeFileSync(path.join(clone, name), text)
const read = (name) => fs.readFileSync(path.join(clone, name), 'utf8')
const put = (form) =>
  execFileSync(process.execPath, [path.join(clone, 'scripts/packed-form.js'), form], { stdio: 'pipe' })

describe('the packed form', () => {
  it('has links that lead to the repository on the web, at the tag of the version', () => {
    put('on')
    assert.match(read('README.md'), /\[a\]\(https:\/\/host\.example\/me\/it\/blob\/v3\.2\.1\/docs\/a\.md#b\)/)
    assert.match(read('README.md'), /!\[c\]\(https:\/\/host\.example\/me\/it\/raw\/v3\.2\.1\/c\.svg\)/)
    assert.match(read('README.md'), /\[d\]\(#d\), \[e\]\(https:\/\/e\.example\/\), <https:\/\/f\.example>/)
    assert.match(
      read('CHANGELOG.md'),
      /\[docs\]\(https:\/\/host\.example\/me\/it\/blob\/v3\.2\.1\/docs\/x\.md\)/
    )
  })

  it('has no script that only a clone can run', () => {
    put('on')
    assert.deepEqual(JSON.parse(read('package.json')), { ...manifest, scripts: { build: 'tsc' } })
  })

  it('is taken off again: each file is as it was', () => {
    put('on')
    put('off')
    assert.equal(read('README.md'), page)
    assert.equal(read('package.json'), JSON.stringify(manifest))
    assert.deepEqual(fs.readdirSync(clone).sort(), ['CHANGELOG.md', 'README.md', 'package.json', 'scripts'])
  })

  it('is taken off by the next one, too, where packing was ended on its way', () => {
    put('on')
    put('on')
    put('off')
    assert.equal(read('README.md'), page)
    assert.equal(read('package.json'), JSON.stringify(manifest))
  })

  it('does not take away what has been edited meanwhile', () => {
    put('on')
    write('README.md', 'Better words\n')
    put('off')
    assert.equal(read('README.md'), 'Better words\n')
    assert.equal(read('package.json'), JSON.stringify(manifest))
  })
})
