'use strict'

// Each code has a heading in the docs, and each text of a warning or an error that has one ends with it. One place sees to that.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { codedError } = require('../../dist/support/codes.js')
const { Warnings } = require('../../dist/support/warnings.js')
const { pause } = require('../support/harness')

const SRC = path.join(__dirname, '../../src')

const sources = fs
  .readdirSync(SRC, { recursive: true })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => [name.split(path.sep).join('/'), fs.readFileSync(path.join(SRC, name), 'utf8')])

describe('the codes of warnings and errors', () => {
  it('name the page that explains them', async () => {
    const error = codedError('ESTORETIMEOUT', 'it took long', { status: 503 })
    assert.equal(error.message, 'it took long. See docs/troubleshooting.md#estoretimeout')
    assert.deepEqual({ ...error }, { code: 'ESTORETIMEOUT', status: 503 })

    const said = []
    const listener = (warning) => said.push(warning)
    process.on('warning', listener)
    const warnings = new Warnings()
    warnings.warnOnce('EXPRESS_SESSION_OPTION_NAME', 'this', 'one')
    warnings.warnOnce('EXPRESS_SESSION_OPTION_NAME', 'that', 'other')
    warnings.warnOnce('EXPRESS_SESSION_OPTION_NAME', 'this again', 'one')
    await pause(5)
    process.off('warning', listener)
    assert.deepEqual(
      said.map(({ name, code, message }) => [name, code, message]),
      ['this', 'that'].map((text) => [
        'SessionWarning',
        'EXPRESS_SESSION_OPTION_NAME',
        `${text}. See docs/troubleshooting.md#express_session_option_name`
      ])
    )
  })

  it('are given in that one place: nowhere else is there a code that is not of Node, or a warning', () => {
    for (const [name, text] of sources) {
      if (name.startsWith('support/codes') || name.startsWith('support/warnings')) continue
      assert.doesNotMatch(text, /\bcode(:| =) '(?!ERR_)/, name)
      assert.doesNotMatch(text, /emitWarning\(/, name)
    }
  })

  it('are in texts without a full stop, for one follows', () => {
    for (const [name, text] of sources) {
      for (const [call] of text.matchAll(/(warnOnce|codedError|\bwarn)\(\s*'[A-Z_]+',[^]*?\n? *\)\n/g)) {
        assert.doesNotMatch(call, /\.['`],?\s*\)?$/, name)
      }
    }
  })
})
