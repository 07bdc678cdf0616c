'use strict'

// Express logs the errors of requests unless it is being tested; here most of them are what a test wants.
process.env.NODE_ENV = 'test'
