// What tests are given: the contract of a store, and sessions that are there.

import { describe, it } from 'node:test'
import session, { MemoryStore, Store } from 'express-session'
import {
  createSession,
  storeContract,
  type PreparedSession,
  type PreparedSessionOptions,
  type StoreContractOptions,
  type StoreToTry,
  type TestFunctions
} from 'express-session/testing'

const options: StoreContractOptions = { except: { 'touch changes no data': 'a reason' }, patience: 1000 }
const store: Store = new MemoryStore()

storeContract({ describe, it }, () => store)
storeContract({ describe, it }, async () => store, options)
storeContract({ describe, it }, () => ({ store, close: () => undefined }))
storeContract({ describe, it }, async () => ({ store, close: async () => 1 }), {})
// @ts-expect-error -- a store, or something with one
storeContract({ describe, it }, () => ({}))
// @ts-expect-error -- a reason is text
storeContract({ describe, it }, () => store, { except: { 'touch changes no data': true } })

// What mocha and jest declare, as far as it matters here.
interface Suite {
  title: string
}
declare const mocha: {
  describe: (title: string, body: (this: Suite) => void) => Suite
  it: (title: string, body?: (this: { skip(): never }) => PromiseLike<unknown>) => Suite
}
declare const jest: {
  describe: (name: string, body: () => void) => void
  it: (
    name: string,
    body?: (done: (error?: unknown) => void) => void | Promise<unknown>,
    timeout?: number
  ) => void
}
const runners: TestFunctions[] = [mocha, jest, { describe, it }]
for (const runner of runners) storeContract(runner, (): StoreToTry => store)

const logIn: Promise<PreparedSession> = createSession(store, {}, { secret: 'keyboard cat' })
logIn.then(({ id, cookie, value }: { id: string; cookie: string; value: string }) => [id, cookie, value])

const all: PreparedSessionOptions = {
  secret: ['new', 'old'],
  name: 'shop.sid',
  cookie: { maxAge: 1000, sameSite: 'auto' },
  hashSessionIds: true,
  encryption: 'a'.repeat(64),
  transport: session.headerTransport()
}
createSession(store, {}, all)
// @ts-expect-error -- the secret of the app
createSession(store, {}, {})
// @ts-expect-error -- the cookie's attributes are an option
createSession(store, { cookie: { maxAge: 1000 } }, all)
