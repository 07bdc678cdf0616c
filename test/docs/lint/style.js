'use strict'

// Plain English: no sentence that is too long to follow, and no phrase that has stopped a reader before.

const fs = require('node:fs')
const path = require('node:path')
const { proseOf } = require('../markdown')
const { pages, root } = require('../pages')

/** Words between two stops. */
const LONGEST = 30

/** What readers have stumbled over, and what to write instead. */
const PHRASES = [
  [/\bbut for\b/i, '"except"'],
  [/\bin the place of\b/i, '"instead of"'],
  [/\bof (?:its|their|our) own\b/i, '"its own ...", "separate" or "another"'],
  [/\bneed (?:not|only)\b/i, '"does not have to", "has to ... only"'],
  [/\bas ever\b/i, '"as before"'],
  [/\b(?:is|are) to be\b/i, '"must be", "should be" or "will be"'],
  [/\bso (?:long|many)\b(?! (?:as|that))/i, '"that long", "that many", or the name of the number'],
  [/\bat the most\b/i, '"at most"'],
  [/\blikewise\b/i, '"also" or "in the same way"'],
  [/\bthe (?:former|latter)\b/i, 'the name of the thing'],
  [/, for (?:it|he|she|they|there|nobody|somebody)\b/i, '"because"'],
  [/^Who\b(?!.*\?)/, '"Those who", "An app that", "A visitor who"'],
  [/^To \w+ .* (?:is|costs|takes|needs) /, 'the subject first'],
  [/\b(?:lest|hence|thus|thereof|whereby|wherein|albeit|whilst)\b/i, 'a simpler word'],
  [/\b(?:simply|obviously|of course|easily|effortless(?:ly)?|seamless(?:ly)?)\b/i, 'nothing'],
  [
    /\b(?:blazing|robust|powerful|rock-solid|battle-tested|cutting-edge|state of the art|world-class)\b/i,
    'a figure'
  ],
  [/\bold wounds\b|\brooms? of\b|\bdoes not care\b|\ba jar\b|\bis an error for X when\b/i, 'what it means']
]

/** @returns what is wrong, as `page:line message` */
function faultsOfStyle(names) {
  // The figures of a run are written by a program.
  const written = pages(names).filter((page) => page !== 'bench/RESULTS.md')
  return written.flatMap((page) => {
    const text = fs.readFileSync(path.join(root, page), 'utf8')
    const faults = page.startsWith('docs/') ? faultsOfPurpose(page, text) : []
    return faults.concat(
      sentencesOf(text).flatMap(({ line, words, sentence }) => {
        const found = PHRASES.filter(([phrase]) => phrase.test(sentence)).map(
          ([phrase, better]) => `${page}:${line} "${phrase.exec(sentence)[0]}": write ${better}`
        )
        const start = sentence.split(' ').slice(0, 8).join(' ')
        if (words > LONGEST) found.push(`${page}:${line} ${words} words between two stops: "${start} ..."`)
        return found
      })
    )
  })
}

/** A reader must know from the first line whether this is the right page. */
function faultsOfPurpose(page, text) {
  const [title, empty, purpose] = text.split('\n')
  const isRight =
    /^# \S/.test(title) && empty === '' && /^\S/.test(purpose) && !/^([#`|<>-]|\*\*Why)/.test(purpose)
  return isRight ? [] : [`${page}:3 say what the page is for, right below its title`]
}

/** The sentences of a page; cells of tables, items of lists and headings end one, and so do colons and semicolons. */
function sentencesOf(text) {
  return passagesOf(text).flatMap(({ line, passage }) => {
    const plain = passage
      .replace(/(`+)(?!`).*?[^`]\1(?!`)/g, 'X')
      .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[*_]{1,2}(?=\S)|(?<=\S)[*_]{1,2}/g, '')
    return plain.split(/(?<=[.?!:;])["')]*\s+|\s+-\s+/).map((sentence) => ({
      line,
      sentence,
      words: sentence.match(/[\p{L}\p{N}][\p{L}\p{N}'’.,/-]*/gu)?.length ?? 0
    }))
  })
}

/** Paragraphs, items, cells and headings, with the line that each begins on. */
function passagesOf(text) {
  const passages = []
  let open
  proseOf(text).forEach((line, index) => {
    const isTable = line.trimStart().startsWith('|')
    const isStart = /^\s*([-*+]|\d+\.|#+|>)\s/.test(line)
    if (line.trim() === '' || isTable || isStart) open = undefined
    // What is a heading is an anchor, too, which others may have linked to.
    if (line.trim() === '' || line.startsWith('#')) return

    const content = line.replace(/^\s*(?:(?:[-*+]|\d+\.|#+|>)\s+)?/, '')
    if (isTable) {
      for (const passage of withoutCodeBars(content).split('|')) passages.push({ line: index + 1, passage })
    } else if (open) {
      open.passage += ` ${content}`
    } else {
      open = { line: index + 1, passage: content }
      passages.push(open)
    }
  })
  return passages
}

/** A bar within code, or one that is escaped, ends no cell. */
function withoutCodeBars(line) {
  return line.replace(/\\\|/g, '/').replace(/(`+)(?!`).*?[^`]\1(?!`)/g, 'X')
}

module.exports = { faultsOfStyle, sentencesOf }
