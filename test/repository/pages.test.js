'use strict'

// Whoever writes a page can rely on its checks: they find the blocks, the headings and the sentences that a reader sees.

const assert = require('node:assert/strict')
const { blocksOf } = require('../docs/blocks')
const { sentencesOf } = require('../docs/lint/style')
const { anchorsOf } = require('../docs/markdown')

const page = (...lines) => lines.join('\n')

describe('The code blocks of a page', function () {
  it('are found with their line, their language and what the comment above says', function () {
    const text = page(
      'text',
      '',
      '<!-- run {"in": "app", "express": [4, 5]} -->',
      '',
      '```js',
      'app.use(x)',
      '```'
    )
    const [block] = blocksOf('page.md', text)
    assert.equal(block.line, 5)
    assert.equal(block.language, 'js')
    assert.equal(block.code, 'app.use(x)')
    assert.deepEqual(block.given, { in: 'app', express: [4, 5] })
    assert.equal(block.fault, undefined)
  })

  it('lose the indent of the list that they are in', function () {
    const [{ code }] = blocksOf(
      'page.md',
      page('1. one', '', '   ```js', '   if (a) {', '     b()', '   }', '   ```')
    )
    assert.equal(code, page('if (a) {', '  b()', '}'))
  })

  for (const [what, text, fault] of [
    ['without a language', page('```', 'a', '```'), /which language/],
    ['with a language that nobody runs or knows', page('```javascript', 'a', '```'), /"javascript"/],
    ['with a comment that is not JSON', page('<!-- run {in: app} -->', '```js', 'a', '```'), /not JSON/],
    [
      'with an unknown word in the comment',
      page('<!-- run {"on": "app"} -->', '```js', 'a', '```'),
      /no "on"/
    ],
    ['in a setting that is not there', page('<!-- run {"in": "cellar"} -->', '```js', 'a', '```'), /"in"/],
    ['that are exempt without a reason', page('<!-- run {"not": ""} -->', '```js', 'a', '```'), /"not"/]
  ]) {
    it(`are faulty ${what}`, function () {
      assert.match(blocksOf('page.md', text)[0].fault, fault)
    })
  }
})

describe('The anchors of a page', function () {
  it('are those that GitHub makes of its headings, each once', function () {
    const text = page(
      '# `cookie.maxAge` & others: why?',
      '## _Measured_ [here](x.md)',
      '## `__session`: kept',
      '## Limits',
      '## Limits',
      '```sh',
      '# no heading',
      '```'
    )
    const anchors = ['cookiemaxage--others-why', 'measured-here', '__session-kept', 'limits', 'limits-1']
    assert.deepEqual([...anchorsOf(text)], anchors)
  })
})

describe('The sentences of a page', function () {
  it('end at stops, items and cells, and code counts as one word', function () {
    const text = page(
      'One `two three` four: five six.',
      'Seven',
      'eight.',
      '- nine',
      '',
      '| ten | `a \\| b` eleven |'
    )
    const words = sentencesOf(text).flatMap(({ words, line }) => (words > 0 ? [[line, words]] : []))
    assert.deepEqual(words, [
      [1, 3],
      [1, 2],
      [1, 2],
      [4, 1],
      [6, 1],
      [6, 2]
    ])
  })
})
