'use strict'

const fs = require('node:fs')
const path = require('node:path')
const vm = require('node:vm')
const { createRequire } = require('node:module')
const { currentTime } = require('./clock')
const { differences } = require('./differences')
const { Books } = require('./books')

/**
 * express-session 1.19.0, but for the differences that are listed: what ours must do.
 *
 * It is the published package itself, with a hook at each place where it decides something that a listed difference is
 * about. A hook asks `amend(question, theirs, situation)`: the differences turn the answer of 1.19.0 into ours, and what
 * they do not name stays as it is. So the two packages can be compared over whole conversations, whatever a difference
 * entails later on, and nothing of ours is needed to say what ours must do.
 *
 * Which differences had something to say in a conversation is noted in it: where none had, this must be 1.19.0 to the
 * letter (compare.js sees to that).
 */

const entry = require.resolve('upstream-session')

/** A piece of the text of 1.19.0, how often it stands there, and the hook in its place. */
const hooks = [
  // Each request has its books: what is under way, what is stored. They decide nothing.
  [
    'var touched = false',
    1,
    'var touched = false; var books = new Books(amend, req, res, next, store, hash, options)'
  ],
  [
    'function wrapmethods(sess) {',
    1,
    'function wrapmethods(sess) { books.take(sess, savedHash, theirWrapmethods) }',
    'theirWrapmethods'
  ],
  // What it asks itself, to be answered by the differences, too.
  [
    'function shouldDestroy(req) {',
    1,
    "function shouldDestroy(req) { return books.ask('destroys', theirShouldDestroy(req), req, cookieId) }",
    'theirShouldDestroy'
  ],
  [
    'function shouldSave(req) {',
    1,
    "function shouldSave(req) { return books.ask('saves', theirShouldSave(req), req, cookieId) }",
    'theirShouldSave'
  ],
  [
    'function shouldTouch(req) {',
    1,
    "function shouldTouch(req) { return books.ask('touches', theirShouldTouch(req), req, cookieId) }",
    'theirShouldTouch'
  ],
  [
    'function shouldSetCookie(req) {',
    1,
    "function shouldSetCookie(req) { return books.ask('sends its cookie', theirShouldSetCookie(req), req, cookieId) }",
    'theirShouldSetCookie'
  ],
  // When it decides what becomes of the session.
  [
    'if (shouldDestroy(req)) {',
    1,
    `
      if (!books.waits()) return decide(req)
      if (req.session && !touched) {
        books.touch(req.session)
        touched = true
      }
      books.waitWith(req, decide)
      return writetop()

      function decide(req) {
      if (shouldDestroy(req)) {`
  ],
  ['return _end.call(res, chunk, encoding);', 2, 'writeend(); return ret;'],
  // When and how that is sent, and said.
  ['res._implicitHeader()', 1, 'books.head(chunk, encoding); res._implicitHeader()'],
  // The body stays here with the end, or a client that has all of it could close the connection before that.
  ['if (chunk == null) {', 1, 'if (true) {'],
  ['defer(next, err)', 4, 'books.report(err)'],
  ['req.session.touch()', 2, 'books.touch(req.session)'],
  // The save at the end is not one that the app has asked for.
  ['req.session.save(', 1, 'store.set(req.session.id, req.session, ']
]

function hooked(text) {
  for (const [place, times, hook, rest] of hooks) {
    const parts = text.split(place)
    if (parts.length !== times + 1) throw new Error(`${place}: ${parts.length - 1} times in 1.19.0`)
    text = parts.join(rest ? `${hook}\n    ${place.replace(/\w+(?=\()/, rest)}` : hook)
  }
  // The end of decide(), which was the end of end().
  return text.replace(/\};(?=\s+\/\/ generate the session\s+function generate)/, '}\n    };')
}

/** Asks the differences, in their order, and notes which had something to say. */
function amend(question, theirs, situation) {
  let answer = theirs
  for (const { name, at, apply } of differences) {
    if (at !== question) continue
    const turned = apply(answer, situation)
    if (turned !== answer) currentTime()?.notes.add(name)
    answer = turned
  }
  return answer
}

function load() {
  const module = { exports: {} }
  const text = hooked(fs.readFileSync(entry, 'utf8'))
  const run = vm.runInThisContext(`(function (module, exports, require, amend, Books) {${text}\n})`, {
    filename: path.join(path.dirname(entry), 'index.js (amended)')
  })
  run(module, module.exports, createRequire(entry), amend, Books)
  return module.exports
}

module.exports = { amended: load() }
