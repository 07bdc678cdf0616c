import { AsyncResource } from 'node:async_hooks'
import { types } from 'node:util'
import { debug } from './debug.js'
import { declaresCallback } from './declared-callback.js'
import { hiddenSlot } from './hidden-slot.js'
import { clearTimeout, setImmediate, setTimeout } from './timers.js'
import { warn } from './warnings.js'

/** Node's callback convention: an error, or nothing and the result. */
export type Answer<Result = unknown> = (error?: unknown, result?: Result) => void

type Methods = Record<string, (...args: unknown[]) => unknown>

/**
 * Calls a method of a store and hands on its answer: the only place in this library that does so, because stores answer
 * in many ways.
 *
 * - By callback or by promise. A promise counts as the answer when the method does not declare a callback; a rejection always
 *   does. Of a method that takes whatever it is given, as wrappers do, it is found out at its first call. What a method
 *   with a callback returns and is no promise (a query of the driver's, that would run once more) is left alone.
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
    if (isThenable(returned)) answer.follow(returned, method, args.length)
  } catch (error) {
    answer.receive(error ?? new Error(`${answer.name} threw ${String(error)}`))
  }
  answer.deliver()
}

/** What has been found out of the methods of a store, by their names. */
const habits = hiddenSlot<Map<string, Habit>>()

/** How a method answers that returns a promise. */
interface Habit {
  /** The method that has been seen to do so. What has its name now may be another one. */
  readonly method: object
  readonly style: 'callback' | 'promise'
}

/** How long we wait for the callback of a method after its promise, if nothing is known of the method; in milliseconds. */
const PATIENCE = 1000

/**
 * How long we wait if a callback is likely: the method is a wrapper of one that declares a callback, or another method of this
 * name has called back.
 */
const LONG_PATIENCE = 10_000

/** The one answer to one call. An `AsyncResource` remembers the asynchronous context it was made in. */
class MethodAnswer extends AsyncResource {
  private returned = false
  private given = false
  private error: unknown
  private result: unknown
  /** The method, if it has returned a promise: should it call back all the same, that is learnt. */
  private followed: object | undefined
  /** Set while it is not known which of the two is the answer. */
  private timer: NodeJS.Timeout | undefined

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
    if (this.followed) this.learn(this.followed, 'callback')
    this.take(error, result)
  }

  private take(error: unknown, result: unknown): void {
    if (this.given) {
      debug('%s answered more than once', this.name)
      return
    }
    this.given = true
    clearTimeout(this.timer)
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

  /** @param count - how many arguments the method was given before the callback */
  follow(promise: PromiseLike<unknown>, method: object, count: number): void {
    const declaresNone = (method as { length: number }).length <= count
    if (!declaresNone && !isPromise(promise)) return
    if (declaresNone) this.followed = method
    const fulfilled = (result: unknown) => {
      if (!this.given) setImmediate(() => this.settle(method, count, result))
    }
    // In another turn: an exception thrown by what follows is not a rejection of the store's promise.
    const rejected = (error: unknown) => {
      setImmediate(() => this.take(error ?? new Error(`${this.name} was rejected`), undefined))
    }
    try {
      promise.then(fulfilled, rejected)
    } catch {
      debug('%s has returned what only looks like a promise', this.name)
    }
  }

  /** Takes the value of a promise, if that is the answer. That there is none may also say that the answer comes by callback. */
  private settle(method: object, count: number, result: unknown): void {
    if (this.given) return
    const { habit } = this
    const isSame = habit?.method === method
    if (isSame && habit?.style === 'promise') {
      this.take(null, result)
      return
    }
    // This is known well enough, without reading the text of the method again.
    if (isSame && habit?.style === 'callback' && !this.isSession(result)) return
    const declared = declaresCallback(this.owner, this.method, method, count)
    // A wrapper of what answers by callback: that may take long, and the promise says nothing.
    const isByCallback = declared === 'hides' || habit?.style === 'callback'
    if (declared === 'yes') {
      this.followed = method
      if (!isSame) this.expectCallback(method)
    } else if (declared === 'no') {
      this.learn(method, 'promise')
      this.take(null, result)
    } else if (habit?.style === 'promise' || (isByCallback ? this.isSession(result) : result !== undefined)) {
      this.take(null, result)
    } else if (!isSame) {
      this.giveTime(method, result, isByCallback ? LONG_PATIENCE : PATIENCE)
    }
  }

  /** Whether a result is what a store gives for a session, or for none: others return what their driver does, such as `true`. */
  private isSession(result: unknown): boolean {
    return this.method === 'get' && typeof result === 'object'
  }

  /** Takes the promise for the answer after all, if nothing else comes. */
  private giveTime(method: object, result: unknown, time: number): void {
    this.timer = setTimeout(() => {
      // Not what others of this name are known to do: a proxy may make a new function each time.
      if (this.habit?.style !== 'callback') this.learn(method, 'promise')
      this.take(null, result)
    }, time)
  }

  /** The callback may have been forgotten. */
  private expectCallback(method: object): void {
    const timer = setTimeout(() => {
      if (this.given || this.habit) return
      this.learn(method, 'callback')
      warn(
        'EXPRESS_SESSION_STORE_NEVER_CALLS_BACK',
        `${this.name} has a parameter for a callback, and has returned a promise. The promise was fulfilled a second ago, ` +
          'and the callback has not been called: without that there is no answer. Call the callback; or remove the ' +
          'parameter, and the promise is the answer'
      )
    }, PATIENCE)
    timer.unref()
  }

  /** What has been found out of methods of this name. */
  private get habit(): Habit | undefined {
    return habits.get(this.owner)?.get(this.method)
  }

  private learn(method: object, style: Habit['style']): void {
    const { habit } = this
    if (habit?.method === method && habit.style === style) return
    const all = habits.get(this.owner) ?? new Map<string, Habit>()
    habits.set(this.owner, all.set(this.method, { method, style }))
  }
}

/** Whether a value is a promise, of whatever make. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function'
}

/** Whether a value is a promise, and not only something with a `then`. */
export function isPromise(value: PromiseLike<unknown>): boolean {
  return types.isPromise(value) || (value.constructor as { name?: unknown } | undefined)?.name === 'Promise'
}
