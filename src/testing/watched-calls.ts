import { callStore, isThenable } from '../support/store-call.js'
import type { Answer } from '../support/store-call.js'

export type StoreMethod = Parameters<typeof callStore>[1]

type AnyMethod = (...args: unknown[]) => unknown

/** The last call of a method. */
export interface Call {
  readonly name: string
  /** Whether the method has a parameter for a callback. One with a default value does not count. */
  readonly declaresCallback: boolean
  readonly returned: unknown
}

/** The methods of a store, called as the middleware calls them, with a look at what they return. */
export class WatchedCalls {
  /** A wrapper for each method, always the same: `callStore` remembers by which way a method answers. */
  private readonly wrappers = new Map<unknown, AnyMethod>()
  private returned: unknown

  constructor(private readonly store: object) {}

  call<Result>(name: StoreMethod, args: readonly unknown[], callback: Answer<Result>): Call {
    const method = (this.store as Record<string, unknown>)[name]
    this.returned = undefined
    callStore<Result>({ [name]: this.wrapperOf(method) }, name, args, callback)
    return callOf(name, method, args, this.returned)
  }

  private wrapperOf(method: unknown): unknown {
    if (typeof method !== 'function') return method
    const known = this.wrappers.get(method)
    if (known) return known
    const wrapper = (...args: unknown[]): unknown => {
      const returned: unknown = method.apply(this.store, args)
      this.returned = returned
      // The process warning of such a promise is for apps: here a test fails, and says the same.
      const isNoAnswer = isThenable(returned) && method.length >= args.length
      return isNoAnswer ? returned.then(() => new Promise(() => undefined)) : returned
    }
    Object.defineProperty(wrapper, 'length', { value: method.length })
    this.wrappers.set(method, wrapper)
    return wrapper
  }
}

/** @param args - what the method was given before the callback */
export function callOf(name: string, method: unknown, args: readonly unknown[], returned: unknown): Call {
  const declaresCallback = typeof method === 'function' && method.length > args.length
  return { name, declaresCallback, returned }
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
