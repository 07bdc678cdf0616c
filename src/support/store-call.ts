import { AsyncResource } from 'node:async_hooks'
import { debug } from './debug.js'
import { hiddenSlot } from './hidden-slot.js'
import { setImmediate, setTimeout } from './timers.js'
import { warn } from './warnings.js'

/** Node's callback convention: an error, or nothing and the result. */
export type Answer<Result = unknown> = (error?: unknown, result?: Result) => void

type Methods = Record<string, (...args: unknown[]) => unknown>

/**
 * Calls a method of a store and hands on its answer: the only place in this library that does so, because stores answer
 * in many ways.
 *
 * - By callback or by promise. A promise counts as the answer when the method declares no callback (its `length` has no
 *   room for one); a rejection always does. A method that others have wrapped may declare less than it takes: whether one
 *   answers by callback is found out at its first call.
 *   A method that declares a callback, returns a promise and never calls back answers nothing: that is said once, as a
 *   process warning.
 * - Once: the first answer counts, a second one is dropped.
 * - By throwing, which is an answer with an error.
 * - From another asynchronous context (a connection shared by all requests): `callback` runs in the context of the
 *   caller, so `AsyncLocalStorage` keeps its value.
 *
 * @param store - the store, whose method is looked up at each call, since apps patch them
 * @param name - the method
 * @param args - what it is given before the callback
 * @param callback - receives the answer; never called before the method has returned
 */
export function callStore<Result>(
  store: object,
  name: 'get' | 'set' | 'touch' | 'destroy' | 'regenerate' | 'update' | 'all' | 'length' | 'clear',
  args: readonly unknown[],
  callback: Answer<Result>
): void {
  call('store', store, name, args, callback)
}

/** Calls the `save` that an app has given to a session, which may answer in as many ways. */
export function callOwnSave(session: object, callback: Answer): void {
  call('session', session, 'save', [], callback)
}

function call<Result>(
  what: string,
  owner: object,
  name: string,
  args: readonly unknown[],
  callback: Answer<Result>
): void {
  const answer = new MethodAnswer(what, owner, name, callback as Answer)
  const methods = owner as Methods
  try {
    const method = methods[name]
    if (typeof method !== 'function') throw new TypeError(`${what}.${name} is not a function`)
    const receive = answer.receive.bind(answer)
    const [first, second] = args
    const returned =
      args.length === 2
        ? method.call(owner, first, second, receive)
        : args.length === 1
          ? method.call(owner, first, receive)
          : method.call(owner, receive)
    if (isThenable(returned)) answer.follow(returned, method, method.length <= args.length)
  } catch (error) {
    answer.receive(error ?? new Error(`${answer.name} threw ${String(error)}`))
  }
  answer.deliver()
}

/** How a method has answered that returns a promise and seems to declare no callback. */
const styles = hiddenSlot<'callback' | 'promise'>()

/** How long such a method may take to call back after its promise, in milliseconds, until it has been found out. */
const GRACE = 20

/** Methods of a store that declare a callback, return a promise, and have called back after that, or been warned of. */
const known = hiddenSlot<Set<string>>()

/** How long such a method may take to call back after its promise, in milliseconds, until it is warned of. */
const PATIENCE = 1000

/** The one answer to one call. An `AsyncResource` remembers the asynchronous context it was made in. */
class MethodAnswer extends AsyncResource {
  private returned = false
  private given = false
  private error: unknown
  private result: unknown
  /** The method whose promise may be the answer. */
  private followed: object | undefined
  /** Whether the promise is no answer, and has been fulfilled. */
  private isAwaited = false

  constructor(
    private readonly what: string,
    private readonly owner: object,
    private readonly method: string,
    private readonly callback: Answer
  ) {
    super('express-session.store')
  }

  get name(): string {
    return `${this.what}.${this.method}()`
  }

  /** Takes what the method calls back with. */
  receive(error?: unknown, result?: unknown): void {
    if (this.followed) styles.set(this.followed, 'callback')
    if (this.isAwaited) this.becomeKnown()
    this.take(error, result)
  }

  private take(error: unknown, result: unknown): void {
    if (this.given) {
      debug('%s answered more than once', this.name)
      return
    }
    this.given = true
    if (this.returned) {
      this.runInAsyncScope(this.callback, undefined, error, result)
    } else {
      this.error = error
      this.result = result
    }
  }

  /**
   * An answer given while the method runs waits until it has returned. What follows may throw, and that must reach the
   * caller, not the `catch` around the store.
   */
  deliver(): void {
    this.returned = true
    if (this.given) this.callback.call(undefined, this.error, this.result)
  }

  follow(promise: PromiseLike<unknown>, method: object, declaresNoCallback: boolean): void {
    if (declaresNoCallback) this.followed = method
    // In a turn of its own: an exception thrown by what follows is not a rejection of the store's promise.
    promise.then(
      (result) => {
        if (declaresNoCallback) setImmediate(() => this.settle(method, result))
        else if (!this.given && !this.isKnown) this.expectCallback()
      },
      (error: unknown) => {
        setImmediate(() => this.take(error ?? new Error(`${this.name} was rejected`), undefined))
      }
    )
  }

  /** Takes the value of a promise. That there is none may also say that the answer comes by callback. */
  private settle(method: object, result: unknown): void {
    const style = styles.get(method)
    if (this.given || (result === undefined && style === 'callback')) return
    if (result !== undefined || style === 'promise') {
      this.take(null, result)
      return
    }
    setTimeout(() => {
      if (this.given) return
      styles.set(method, 'promise')
      this.take(null, undefined)
    }, GRACE)
  }

  /** A promise that is fulfilled, and no answer: the callback may have been forgotten. */
  private expectCallback(): void {
    this.isAwaited = true
    const timer = setTimeout(() => {
      if (this.given || this.isKnown) return
      this.becomeKnown()
      warn(
        'EXPRESS_SESSION_STORE_NEVER_CALLS_BACK',
        `${this.name} has a parameter for a callback, and has returned a promise. The promise was fulfilled a second ago, ` +
          'and the callback has not been called: without that there is no answer. Call the callback; or remove the ' +
          'parameter, and the promise is the answer'
      )
    }, PATIENCE)
    timer.unref()
  }

  private get isKnown(): boolean {
    return known.get(this.owner)?.has(this.method) === true
  }

  private becomeKnown(): void {
    const methods = known.get(this.owner) ?? new Set()
    known.set(this.owner, methods.add(this.method))
  }
}

/** Whether a value is a promise, of whatever make. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function'
}
