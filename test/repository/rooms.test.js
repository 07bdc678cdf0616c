'use strict'

// Whoever changes `src` can rely on its order: the lint rule finds each import that goes up, however it is written, and
// docs/architecture.md names the same rooms, and every file.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { Linter } = require('eslint')
const { parser } = require('typescript-eslint')

const root = path.join(__dirname, '../..')
const src = path.join(root, 'src')

/** Each way to name a module. */
const FORMS = {
  'import from': (name) => `import { x } from '${name}'`,
  'import type': (name) => `import type { X } from '${name}'`,
  'import of a whole module': (name) => `import '${name}'`,
  'export from': (name) => `export { x } from '${name}'`,
  'export *': (name) => `export * from '${name}'`,
  'import = require': (name) => `import x = require('${name}')`,
  require: (name) => `function x() { return require('${name}') }`,
  'import()': (name) => `async function x() { return await import('${name}') }`,
  'import() in a type': (name) => `type X = import('${name}').X`,
  'typeof import()': (name) => `const x = require(name) as typeof import('${name}')`
}

describe('The rooms of src', function () {
  let rooms
  let importsGoDown

  before(async function () {
    ;({ rooms, importsGoDown } = await import('../../eslint.config.mjs'))
  })

  function faultsOf(text, file) {
    const config = [{ files: ['**/*.ts'], languageOptions: { parser } }, ...importsGoDown]
    return new Linter({ cwd: root, configType: 'flat' }).verify(text, config, path.join(src, file))
  }

  /** A file of a room, and how it would name one of another. */
  const fileIn = (room) => (room.endsWith('.ts') ? room : `${room}/some-file.ts`)
  const pathTo = (from, to) => {
    const relative = path.posix.relative(path.posix.dirname(fileIn(from)), fileIn(to)).replace(/ts$/, 'js')
    return relative.startsWith('.') ? relative : `./${relative}`
  }

  /** These two know nothing of each other. */
  const isBeside = (room, other) => room === 'transport' && other === 'stores'

  for (const [form, write] of Object.entries(FORMS)) {
    it(`may name what lies below, and not what lies above: ${form}`, function () {
      rooms.forEach((room, floor) => {
        const text = rooms.map((other) => write(pathTo(room, other))).join('\n')
        const faults = faultsOf(text, fileIn(room))
        const above = rooms.filter((other, otherFloor) => otherFloor > floor || isBeside(room, other))
        const refused = rooms.filter((_, index) => faults.some(({ line }) => line === index + 1))
        assert.deepEqual(refused.sort(), above.sort(), `${room}: ${JSON.stringify(faults)}`)
        for (const { message } of faults) assert.match(message, /Imports go down/)
      })
    })
  }

  it('are all that there is in src', function () {
    assert.deepEqual([...rooms].sort(), fs.readdirSync(src).sort())
  })

  it('stand in docs/architecture.md in their order, and so does each of their files', function () {
    const page = fs.readFileSync(path.join(root, 'docs/architecture.md'), 'utf8')
    const named = [...page.matchAll(/^\| `(\S+\/|\S+\.ts)` /gm)].map(([, name]) => name.replace(/\/$/, ''))
    assert.deepEqual(named.slice(0, rooms.length).reverse(), rooms)

    const files = fs.readdirSync(src, { recursive: true }).filter((name) => name.endsWith('.ts'))
    // One row says all of these.
    const inFolders = [...named.slice(rooms.length), 'deep-paths']
    const isNamed = (file) => named.includes(file) || inFolders.includes(path.posix.dirname(file))
    const missing = files.map((file) => file.replaceAll('\\', '/')).filter((file) => !isNamed(file))
    assert.deepEqual(missing, [])
    const gone = named.filter((name) => !fs.existsSync(path.join(src, name)))
    assert.deepEqual(gone, [])
  })
})
