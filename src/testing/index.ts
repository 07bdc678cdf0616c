/// <reference types="node" preserve="true" />
// For tests: require('express-session/testing')
export { createSession } from './prepared-session.js'
export { storeContract } from './store-contract.js'
export type { PreparedSession, PreparedSessionOptions } from './prepared-session.js'
export type { OpenedStore, StoreToTry } from './opened-store.js'
export type { StoreContractOptions, TestFunctions } from './store-contract.js'
