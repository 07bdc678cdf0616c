import { AsyncResource } from 'node:async_hooks'
import { debug } from './debug.js'

/** Node's callback convention: an error, or nothing and the result. */
export type Answer<Result = unknown> = (error?: unknown, result?: Result) => void

/** Something that takes time and tells when it is done. */
export type Work = (done: Answer) => void

/** A method of a store; or of a session of another copy of express-session, which may answer in as many ways. */
export type Method = (...args: unknown[]) => unknown
type Methods = Record<'get' | 'set' | 'touch' | 'destroy' | 'regenerate' | 'save' | 'reload', Method>

/**
 * Calls a method of a store and hands on its answer: the only place in this library that does so, because stores answer
 * in many ways.
 *
 * - By callback or by promise. A promise counts as the answer when the method declares no callback (its `length` has no
 *   room for one); a rejection always does.
 * - Once: the first answer counts, a second one is dropped.
 * - By throwing, which is an answer with an error.
 * - From another asynchronous context (a connection shared by all requests): `callback` runs in the context of the
 *   caller, so `AsyncLocalStorage` keeps its value.
 *
 * @param store - the store, whose method is looked up at each call, since apps patch them
 * @param name - the method
 * @param subject - its first argument: the session id, mostly
 * @param session - its second argument, for a method that takes a session. (A list of arguments would be nicer to read, but
 * is a good part of what the call costs.)
 * @param callback - receives the answer; never called before the method has returned
 */
export function callStore<Result>(
  store: object,
  name: keyof Methods,
  subject: unknown,
  session: object | undefined,
  callback: Answer<Result>
): void {
  const answer = new StoreAnswer(name, callback as Answer)
  const receive = answer.receive.bind(answer)
  const methods = store as Methods
  try {
    const returned = session ? methods[name](subject, session, receive) : methods[name](subject, receive)
    if (isThenable(returned)) answer.follow(returned, methods[name].length <= (session ? 2 : 1))
  } catch (error) {
    answer.receive(error ?? new Error(`store.${name}() threw ${String(error)}`))
  }
  answer.deliver()
}

/** Under this symbol a method of a store may have a function that is given the store and returns the answer. */
export const AT_ONCE: unique symbol = Symbol('express-session.at-once')

type AtOnce = (store: object, ...args: unknown[]) => unknown

/**
 * As `callStore`, but a store that can answer at once does: for calls of the middleware itself.
 *
 * @param wait - whether such an answer waits for the next turn of the event loop, as it does for apps
 */
export function askStore<Result>(
  store: object,
  name: keyof Methods,
  subject: unknown,
  session: object | undefined,
  wait: boolean,
  callback: Answer<Result>
): void {
  const atOnce = ((store as Methods)[name] as { [AT_ONCE]?: AtOnce })[AT_ONCE]
  if (!atOnce) {
    callStore(store, name, subject, session, callback)
    return
  }

  let error: unknown = null
  let result: Result | undefined
  try {
    result = atOnce(store, subject, session) as Result
  } catch (thrown) {
    error = thrown
  }
  if (!wait) callback(error, result)
  else if (error === null && result === undefined) setImmediate(callback)
  else setImmediate(callback, error, result)
}

/** The one answer to one call. An `AsyncResource` remembers the asynchronous context it was made in. */
class StoreAnswer extends AsyncResource {
  private returned = false
  private given = false
  private error: unknown
  private result: unknown

  constructor(
    private readonly method: string,
    private readonly callback: Answer
  ) {
    super('express-session.store')
  }

  receive(error?: unknown, result?: unknown): void {
    if (this.given) {
      debug('store.%s() answered more than once', this.method)
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

  follow(promise: PromiseLike<unknown>, valueIsAnswer: boolean): void {
    // On a tick of its own: an exception thrown by what follows is not a rejection of the store's promise.
    promise.then(
      (result) => {
        if (valueIsAnswer) process.nextTick(() => this.receive(null, result))
      },
      (error: unknown) => {
        process.nextTick(() => this.receive(error ?? new Error(`store.${this.method}() was rejected`)))
      }
    )
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function'
}
