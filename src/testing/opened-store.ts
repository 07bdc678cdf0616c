import { inspect } from 'node:util'
import type { Store } from '../stores/store.js'

/** A store, and a function that closes it. */
export interface OpenedStore {
  /** The store that is tried. */
  readonly store: Store
  /** Called when the test is over, and waited for. */
  readonly close?: () => unknown
}

/** A store; or a store and a function that closes it. */
export type StoreToTry = Store | OpenedStore

/** What only `session.Store` gives to a store. */
const INHERITED = ['createSession', 'load', 'regenerate']

/**
 * Reads what `createStore` has given.
 *
 * @throws TypeError when that is no store
 */
export function opened(given: unknown): OpenedStore {
  const result = isStore(given) ? { store: given as unknown as Store } : given
  const { store, close } = (result ?? {}) as Partial<OpenedStore>
  if (!isObject(store)) {
    throw new TypeError(`createStore has given ${shown(given)}: it must give a store, or { store, close }`)
  }
  if (!isStore(store)) {
    throw new TypeError(`createStore has given ${shown(given)}: the store has no method get`)
  }
  if (!INHERITED.some((name) => isMethod(store, name))) {
    throw new TypeError(
      'the store has none of the methods of session.Store: its class must extend session.Store'
    )
  }
  return close === undefined ? { store } : { store, close }
}

/** A store may have a property that is called `store`, too. */
function isStore(given: unknown): given is Record<string, unknown> {
  return isObject(given) && (isMethod(given, 'get') || isMethod(given, 'createSession'))
}

function isMethod(given: object, name: string): boolean {
  return typeof (given as Record<string, unknown>)[name] === 'function'
}

function isObject(given: unknown): given is object {
  return typeof given === 'object' && given !== null
}

function shown(given: unknown): string {
  return inspect(given, { depth: 0 })
}
