import { EventEmitter } from 'node:events'
import { inspect } from 'node:util'
import { nearestName } from '../support/nearest-name.js'
import { CHAPTERS } from './chapters.js'

const OPTIONS = ['except', 'patience']

/** How many rules are named to who has misspelt one. */
const NEAR_RULES = 3

/** @throws TypeError when an argument of `storeContract` is wrong */
export function checkArguments(runner: unknown, createStore: unknown, options: unknown): void {
  const { describe, it } = (runner ?? {}) as Record<string, unknown>
  if (typeof describe !== 'function' || typeof it !== 'function') {
    throw new TypeError('the first argument must be { describe, it }, the functions of your test runner')
  }
  checkCreateStore(createStore)
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`the options must be an object, not ${inspect(options)}`)
  }
  for (const name of Object.keys(options)) {
    if (!OPTIONS.includes(name)) throw new TypeError(`there is no option ${inspect(name)}${meant(name)}`)
  }
  const { except, patience } = options as { except?: unknown; patience?: unknown }
  if (patience !== undefined && !(Number.isFinite(patience) && (patience as number) > 0)) {
    throw new TypeError(
      `patience option must be a positive, finite number of milliseconds, not ${inspect(patience)}`
    )
  }
  if (except !== undefined) checkExceptions(except)
}

function checkCreateStore(createStore: unknown): void {
  if (typeof createStore !== 'function') {
    throw new TypeError(
      `createStore must be a function that gives a store, not ${inspect(createStore, { depth: 0 })}`
    )
  }
  const isClass = /^class\b/.test(String(createStore)) || createStore.prototype instanceof EventEmitter
  if (isClass) {
    const { name } = createStore
    throw new TypeError(`createStore must be a function that gives a store, not a class: () => new ${name}()`)
  }
}

function meant(given: string): string {
  const name = nearestName(given, OPTIONS)
  return name === undefined ? `: the options are ${OPTIONS.join(' and ')}` : `. Did you mean ${name}?`
}

/** A misspelt exception would be one without effect. */
function checkExceptions(except: unknown): void {
  if (typeof except !== 'object' || except === null || Array.isArray(except)) {
    throw new TypeError(
      "except option must be an object of rules and reasons: { 'touch changes no data': 'why' }"
    )
  }
  const rules = CHAPTERS.flatMap(({ clauses }) => clauses.map(({ rule }) => rule))
  for (const [rule, reason] of Object.entries(except)) {
    if (!rules.includes(rule)) {
      const near = nearRules(rule, rules).map((each) => `\n  ${inspect(each)}`)
      throw new TypeError(
        `except option: there is no rule ${inspect(rule)}. A rule is the part of a test's name before ", or"` +
          (near.length === 0 ? '' : `. Near it are:${near.join('')}`)
      )
    }
    if (typeof reason !== 'string' || reason.trim() === '') {
      throw new TypeError(
        `except option: the reason for ${inspect(rule)} must be a text, not ${inspect(reason)}`
      )
    }
  }
}

/** The rules that have most words in common with a text. */
function nearRules(given: string, rules: readonly string[]): string[] {
  const words = new Set(wordsOf(given))
  const common = (rule: string) => wordsOf(rule).filter((word) => words.has(word)).length
  return rules
    .filter((rule) => common(rule) > 0)
    .sort((one, other) => common(other) - common(one))
    .slice(0, NEAR_RULES)
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/\w+/g) ?? []
}
