/** What the text of a function tells of its parameters. */
interface Parameters {
  /** Each as it is written, with its default; without a rest parameter. */
  readonly named: readonly string[]
  /** Whether it may take more: by a rest parameter, or `arguments`. */
  readonly isOpen: boolean
}

/**
 * Whether a method of a store declares a callback. One that takes whatever it is given, as wrappers, spies and mocks do, does not
 * tell: `'perhaps'`. If such a one hides a method of the same name that declares one, it `'hides'` that.
 *
 * @param given - how many arguments the method is given before the callback
 */
export function declaresCallback(
  owner: object,
  name: string,
  method: object,
  given: number
): 'yes' | 'no' | 'perhaps' | 'hides' {
  const declared = declaredBy(method, given)
  if (declared !== 'perhaps') return declared
  for (const hidden of hiddenBy(owner, name, method)) {
    const before = declaredBy(hidden, given)
    if (before !== 'perhaps') return before === 'yes' ? 'hides' : 'no'
  }
  return 'perhaps'
}

function declaredBy(method: object, given: number): 'yes' | 'no' | 'perhaps' {
  if ((method as { length: number }).length > given) return 'yes'
  const { named, isOpen } = parametersOf(Function.prototype.toString.call(method))
  if (named.slice(given).some(mayBeCallback)) return 'yes'
  return isOpen ? 'perhaps' : 'no'
}

/** Not what is taken apart, nor what is an object, a list, text or a number without being given. */
function mayBeCallback(parameter: string): boolean {
  return !/^[{[]|=\s*(?:[{['"`\d]|true\b|false\b)/.test(parameter)
}

/** The methods of a name that an object has or inherits, except the one that is called. */
function* hiddenBy(owner: object, name: string, method: object): Generator<object> {
  for (let object: object | null = owner; object; object = Object.getPrototypeOf(object) as object | null) {
    // Not what a getter or a proxy makes of it: that may be another wrapper each time.
    const value: unknown = Object.getOwnPropertyDescriptor(object, name)?.value
    if (typeof value === 'function' && value !== method) yield value
  }
}

const OPENING = '([{'
const CLOSING = ')]}'
const QUOTES = '\'"`'

const TEXTS_AND_COMMENTS = /(['"`])(?:\\[^]|(?!\1)[^\\])*\1|\/\*[^]*?\*\/|\/\/.*/g

/** Reads the parameters in the text of a function. What cannot be read may take anything. */
function parametersOf(source: string): Parameters {
  const text = source.replace(TEXTS_AND_COMMENTS, (found, quote?: string) => (quote ? found : ''))
  const start = text.indexOf('(')
  const arrow = text.indexOf('=>')
  // An arrow function of one parameter needs no parentheses.
  if (arrow !== -1 && (start === -1 || arrow < start)) return { named: [text.slice(0, arrow)], isOpen: false }
  if (start === -1 || text.includes('[native code]')) return { named: [], isOpen: true }

  const list = splitAt(text, start + 1)
  const named = list.filter((parameter) => !parameter.startsWith('...'))
  const usesArguments = /\barguments\b/.test(text.replace(TEXTS_AND_COMMENTS, ''))
  return { named, isOpen: named.length < list.length || usesArguments }
}

/** The parts between commas, from within a parenthesis to where it closes. */
function splitAt(text: string, start: number): string[] {
  const parts: string[] = []
  let from = start
  let depth = 0
  let quote: string | undefined
  let at = start
  for (; at < text.length; at++) {
    const sign = text.charAt(at)
    if (quote) {
      if (sign === '\\') at++
      else if (sign === quote) quote = undefined
    } else if (QUOTES.includes(sign)) quote = sign
    else if (OPENING.includes(sign)) depth++
    else if (CLOSING.includes(sign) && --depth < 0) break
    else if (sign === ',' && depth === 0) {
      parts.push(text.slice(from, at))
      from = at + 1
    }
  }
  parts.push(text.slice(from, at))
  return parts.map((part) => part.trim()).filter(Boolean)
}
