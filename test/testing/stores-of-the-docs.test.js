'use strict'

// The stores that the documentation shows to authors of stores are right: they pass the contract.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const esbuild = require('esbuild')
const { outcomesOf } = require('./collect')

const docs = path.join(__dirname, '..', '..', 'docs')

/** What a block of a page exports: the one that has a text in it. */
function exportsOf(page, text) {
  const markdown = fs.readFileSync(path.join(docs, page), 'utf8')
  const [, code] = [...markdown.matchAll(/^```[jt]s\n(.*?)^```/gms)].find(([, each]) => each.includes(text))
  const { code: script } = esbuild.transformSync(code, { loader: 'ts', format: 'cjs', target: 'node20' })
  const module = { exports: {} }
  new Function('require', 'module', 'exports', script)(require, module, module.exports)
  return module.exports
}

/** The tests that fail, with what they say, and the methods that the store lacks. */
async function shortcomings(createStore) {
  const outcomes = await outcomesOf(createStore)
  const others = Object.entries(outcomes).filter(([, outcome]) => outcome !== 'passed')
  return [
    ...new Set(others.map(([name, outcome]) => (outcome instanceof Error ? { name, outcome } : outcome)))
  ]
}

const OPTIONAL = ['all', 'length', 'clear', 'update'].map((method) => `skipped: the store has no ${method}`)

describe('the contract holds for', () => {
  it('the store of docs/stores.md', async () => {
    const FolderStore = exportsOf('stores.md', 'class FolderStore')
    const createStore = () => {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sessions-'))
      return { store: new FolderStore({ folder }), close: () => fs.rmSync(folder, { recursive: true }) }
    }
    assert.deepEqual(await shortcomings(createStore), OPTIONAL)
  })

  it('the store of docs/typescript.md', async () => {
    const { MyStore } = exportsOf('typescript.md', 'class MyStore')
    assert.deepEqual(await shortcomings(() => new MyStore()), OPTIONAL)
  })
})
