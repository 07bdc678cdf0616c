import type { TriedStore } from './tried-store.js'

/** The methods that a store need not have. */
export type OptionalMethod = 'touch' | 'update' | 'all' | 'length' | 'clear'

/** Something that the middleware, or an app, relies on in a store. */
export interface Clause {
  /** What a store does. */
  readonly rule: string
  /** What breaks where it does not. */
  readonly harm: string
  /** @throws when the store does not do it */
  readonly check: (tried: TriedStore) => Promise<void> | void
}

/** Clauses about one thing. */
export interface Chapter {
  readonly title: string
  /** The method that they are about, where a store need not have it. */
  readonly method?: OptionalMethod
  readonly clauses: readonly Clause[]
}
