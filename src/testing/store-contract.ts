import { CHAPTERS } from './chapters.js'
import { checkArguments } from './contract-arguments.js'
import { inheritsUpdate } from './inherited-update.js'
import { opened } from './opened-store.js'
import { Patience } from './patience.js'
import { TriedStore } from './tried-store.js'
import type { Clause, OptionalMethod } from './clause.js'
import type { StoreToTry } from './opened-store.js'

/** How long one call may take, in milliseconds, unless the options say otherwise. */
const PATIENCE = 2000

/** What a clause may take at the most, in milliseconds: test runners have limits that are shorter than a session's life. */
const LIMIT = 60_000

/** Why `update` is not tried in a store that has not written one. */
const INHERITED_UPDATE =
  'it is that of MemoryStore, which is not exact for sessions that are kept elsewhere: write it, or set it to undefined'

/** The functions of a test runner: mocha, `node:test`, vitest, jest, or one that is like them. */
export interface TestFunctions {
  describe: (name: string, body: () => void) => unknown
  it: (name: string, body: () => Promise<void>, timeout: number) => unknown
}

/** How a store is tried. */
export interface StoreContractOptions {
  /** What the store is known not to do: the rule of a clause, and the reason. Such a clause is not run; its name tells why. */
  readonly except?: Readonly<Record<string, string>>

  /**
   * How long one call may take, in milliseconds: a positive, finite number. A method that has not answered in one test
   * gets a tenth of that in the next ones, until it answers.
   *
   * @defaultValue 2000
   */
  readonly patience?: number
}

/** What runners give a test to skip itself with: as `this`, or as the first argument. */
interface TestContext {
  skip?: (why?: string) => void
  timeout?: (time: number) => void
}

/**
 * Declares the tests that a store must pass. Each is named by what a store does, and by what breaks where it does not.
 *
 * Tests of `touch`, `update`, `all`, `length` and `clear` are skipped where the store has no such method.
 *
 * @param runner - the `describe` and `it` of your test runner
 * @param createStore - gives the store of one test, or a promise of it. It may be the same one each time. It must hold
 * nothing that matters: a test of `clear` removes all
 * @param options - what the store is known not to do, and how long it may take
 * @throws TypeError when an argument or an option is wrong
 */
export function storeContract(
  runner: TestFunctions,
  createStore: () => StoreToTry | Promise<StoreToTry>,
  options: StoreContractOptions = {}
): void {
  checkArguments(runner, createStore, options)
  const { describe, it } = runner
  const { except = {} } = options
  const patience = new Patience(options.patience ?? PATIENCE)

  /** A test of one clause. It declares no parameter, as jest and mocha would wait for it to be called. */
  const testOf = ({ check }: Clause, method: OptionalMethod | undefined, exception: string | undefined) =>
    async function (this: unknown, ...context: unknown[]): Promise<void> {
      const test = { ...contextOf(this), ...contextOf(context[0]) }
      test.timeout?.(LIMIT)
      if (exception !== undefined) {
        test.skip?.(exception)
        return
      }
      const { store, close } = opened(await createStore())
      try {
        const tried = new TriedStore(store, patience)
        if (method && typeof store[method] !== 'function') test.skip?.(`the store has no ${method}`)
        else if (method === 'update' && (await inheritsUpdate(tried))) test.skip?.(INHERITED_UPDATE)
        else await check(tried)
      } finally {
        await close?.()
      }
    }

  describe('what express-session relies on in a store', () => {
    for (const { title, method, clauses } of CHAPTERS) {
      describe(method ? `${title}, if the store has it` : title, () => {
        for (const clause of clauses) {
          const { rule, harm } = clause
          const exception = except[rule]
          const known = exception === undefined ? '' : ` (not tried: ${exception})`
          it(`${rule}, or ${harm}${known}`, testOf(clause, method, exception), LIMIT)
        }
      })
    }
  })
}

/** In vitest it is a function with these properties. */
function contextOf(given: unknown): TestContext {
  const { skip, timeout } = (given ?? {}) as TestContext
  return {
    ...(typeof skip === 'function' && { skip: skip.bind(given) }),
    ...(typeof timeout === 'function' && { timeout: timeout.bind(given) })
  }
}
