/// <reference types="node" preserve="true" />
// For tests: require('express-session/testing')
export { createSession } from './prepared-session.js'
export { storeContract } from './store-contract.js'
export type { PreparedSession, PreparedSessionOptions } from './prepared-session.js'
export type { StoreContractOptions, StoreToTry, TestFunctions } from './store-contract.js'
