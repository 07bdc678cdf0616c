'use strict'

// The code blocks of a page, and what the comments above them say.

const fs = require('node:fs')

/** What is run, and what only has to be marked as what it is. */
const RUN = ['js', 'mjs', 'ts', 'json', 'sh', 'console']
const SHOWN = ['text', 'http', 'nginx', 'yaml', 'ini', 'sql', 'html', 'diff', 'dockerfile', 'jsonc', 'lua']

const SETTINGS = fs.readdirSync(`${__dirname}/settings`).map((file) => file.split('.')[0])

/** What a comment may say: `<!-- run {"in": "app", "ask": ["GET / 200"]} -->`. */
const WORDS = {
  in: (value) => SETTINGS.includes(value),
  ask: (value) => isTexts(value),
  express: (value) => Array.isArray(value) && value.every((major) => major === 4 || major === 5),
  needs: (value) => isTexts(value),
  headers: (value) => typeof value === 'object',
  env: (value) => typeof value === 'object',
  copies: (value) => isTexts(value),
  compiler: (value) => typeof value === 'object',
  file: (value) => typeof value === 'string',
  with: (value) => ['mocha', 'node', 'vitest', 'jest'].includes(value),
  ends: (value) => value === true || value === 'SIGTERM',
  warns: (value) => isTexts(value),
  not: (value) => typeof value === 'string' && value.length > 10
}

/** @returns the blocks of a page; those that are marked wrongly have a `fault` */
function blocksOf(page, text) {
  const lines = text.split('\n')
  const blocks = []
  for (let at = 0; at < lines.length; at++) {
    const [, indent, fence, language] = /^([\s>]*)(`{3,}|~{3,})\s*([^\s`]*)/.exec(lines[at]) ?? []
    if (fence === undefined) continue

    const end = lines.findIndex((line, index) => index > at && line.trim() === fence)
    if (end === -1) throw new Error(`${page}:${at + 1} a code block without an end`)
    const code = lines
      .slice(at + 1, end)
      .map((line) => line.slice(Math.min(indent.length, line.search(/\S|$/))))
    blocks.push(withComment({ page, line: at + 1, language, code: code.join('\n') }, lines.slice(0, at)))
    at = end
  }
  return blocks
}

function withComment(block, before) {
  const comment = commentAbove(before)
  let given = {}
  try {
    if (comment !== undefined) given = JSON.parse(comment)
  } catch (error) {
    return { ...block, given, fault: `the comment above is not JSON: ${error.message}` }
  }
  return { ...block, given, fault: faultOf(block.language, given) }
}

/** The JSON of the comment right above a block; empty lines may be in between. */
function commentAbove(before) {
  const lines = before.map((line) => line.trim())
  while (lines.at(-1) === '') lines.pop()
  if (!lines.at(-1)?.endsWith('-->')) return undefined
  const start = lines.findLastIndex((line) => line.startsWith('<!--'))
  return /^<!--\s*run\s([\s\S]*)-->$/.exec(lines.slice(start).join(' '))?.[1]
}

function faultOf(language, given) {
  if (language === '') return 'say which language it is: ```js'
  if (!RUN.includes(language) && !SHOWN.includes(language)) {
    return `"${language}" is not one of ${[...RUN, ...SHOWN].join(', ')}`
  }
  for (const [word, value] of Object.entries(given)) {
    if (!Object.hasOwn(WORDS, word)) return `the comment above has no "${word}"`
    if (!WORDS[word](value)) return `"${word}" in the comment above cannot be ${JSON.stringify(value)}`
  }
  return undefined
}

function isTexts(value) {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string')
}

module.exports = { blocksOf }
