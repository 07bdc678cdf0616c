'use strict'

// The program that a block is, alone or in a setting.

const fs = require('node:fs')
const path = require('node:path')

/** What stands around the block, by setting; everything else is as `bare`. */
const around = {
  handler: [
    'app.use(async (req, res, next) => { try {',
    '\n; if (!res.writableEnded) res.end() } catch (error) { next(error) } }); await endOfBlock(app)'
  ],
  options: ['', '\n; await endOfBlock()'],
  bare: ['', '\n; await endOfBlock(app)']
}

/** The text of a program whose lines have the numbers that they have on their page. */
function textOf({ code, language, line, given }) {
  const padding = '\n'.repeat(line - 1)
  if (given.in === undefined) return padding + '\n' + code

  const setting = `./settings/${given.in}.js`
  let [before, after] = around[given.in] ?? around.bare
  if (given.in === 'options' && !/\bsession(\.\w+)?\(/.test(code)) {
    before = 'session({'
    after = `\n})${after}`
  }
  if (language === 'js') {
    return `require('${setting}'); (async () => {${padding}${before}\n${code}${after} })()\n`
  }

  // What a module imports cannot stand in a function.
  const imports = code.match(/^import\s[^'"]*['"][^'"]*['"];?$/gm) ?? []
  const rest = imports.reduce((text, one) => text.replace(one, one.replace(/./g, ' ')), code)
  return `import '${setting}'; ${imports.join('; ').replaceAll('\n', ' ')}${padding}${before}\n${rest}${after}\n`
}

/** Lays a program out in a folder of its own, beside the files that other blocks of its page are. */
function layOut(folder, block, files) {
  fs.mkdirSync(folder, { recursive: true })
  fs.cpSync(path.join(__dirname, 'settings'), path.join(folder, 'settings'), { recursive: true })
  for (const other of files) fs.writeFileSync(path.join(folder, other.given.file), textOf(other))
  for (const copied of block.given.copies ?? []) {
    fs.copyFileSync(path.join(__dirname, '..', '..', copied), path.join(folder, path.basename(copied)))
  }
  const file = block.given.file ?? `${path.basename(block.page)}.${block.language}`
  fs.writeFileSync(path.join(folder, file), textOf(block))
  return file
}

module.exports = { layOut }
