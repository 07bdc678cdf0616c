import { declaresCallback } from '../support/declared-callback.js'
import { callStore, isPromise, isThenable } from '../support/store-call.js'
import type { Answer } from '../support/store-call.js'

export type StoreMethod = Parameters<typeof callStore>[1]

type AnyMethod = (...args: unknown[]) => unknown

/** The last call of a method. */
export interface Call {
  readonly name: string
  /** Whether the method surely has a parameter for a callback. */
  readonly declaresCallback: boolean
  readonly returned: unknown
}

/** The methods of a store, called as the middleware calls them, with a look at what they return. */
export class WatchedCalls {
  /** The store with a wrapper for each method, always the same: `callStore` remembers by which way a method answers. */
  private readonly watched: object
  private readonly wrappers = new Map<unknown, AnyMethod>()
  private returned: unknown

  constructor(private readonly store: object) {
    // What a wrapper hides tells `callStore` whether there is a callback.
    this.watched = Object.create(store) as object
  }

  call<Result>(name: StoreMethod, args: readonly unknown[], callback: Answer<Result>): Call {
    this.returned = undefined
    const value = this.wrapperOf(name, args.length)
    Object.defineProperty(this.watched, name, { value, configurable: true })
    callStore<Result>(this.watched, name, args, callback)
    return callOf(this.store, name, args, this.returned)
  }

  /** @param count - how many arguments the method is given before the callback */
  private wrapperOf(name: StoreMethod, count: number): unknown {
    const method = (this.store as Record<string, unknown>)[name]
    if (typeof method !== 'function') return method
    const known = this.wrappers.get(method)
    if (known) return known
    const isDeclared = declaresCallback(this.store, name, method, count) === 'yes'
    const wrapper = (...args: unknown[]): unknown => {
      this.returned = method.apply(this.store, args)
      const answer = promiseOf({ name, declaresCallback: isDeclared, returned: this.returned })
      // The process warning of such a promise is for apps: here a test fails, and says the same.
      return isDeclared ? answer?.then(() => new Promise(() => undefined)) : answer
    }
    Object.defineProperty(wrapper, 'length', { value: isDeclared ? count + 1 : method.length })
    this.wrappers.set(method, wrapper)
    return wrapper
  }
}

/** @param args - what the method was given before the callback */
export function callOf(store: object, name: StoreMethod, args: readonly unknown[], returned: unknown): Call {
  const method = (store as Record<string, unknown>)[name]
  const isDeclared =
    typeof method === 'function' && declaresCallback(store, name, method, args.length) === 'yes'
  return { name, declaresCallback: isDeclared, returned }
}

/**
 * What a call has returned that may answer it. A method that declares a callback may return the query object of its driver, too:
 * to call the `then` of that is an error, or runs the query once more. So only a promise counts there, for it may be rejected.
 */
export function promiseOf({ declaresCallback, returned }: Call): PromiseLike<unknown> | undefined {
  if (!isThenable(returned) || (declaresCallback && !isPromise(returned))) return undefined
  return returned
}

/** What is wrong with a call that nobody answers. */
export function silenceOf({ name, declaresCallback, returned }: Call, waited: number): Error {
  return new Error(
    isThenable(returned) && declaresCallback
      ? `${name}() declares a callback, has returned a promise, and has not called back within ${waited} ms. ` +
          'Call the callback; or remove the parameter, and the promise is the answer'
      : `${name}() has not answered within ${waited} ms`
  )
}
