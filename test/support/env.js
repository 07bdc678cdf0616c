'use strict'

// Express logs the errors of requests unless it is being tested; here most of them are what a test wants.
process.env.NODE_ENV = 'test'

// Deprecated options are tried on purpose; who wants to see the notices listens to the process's `deprecation` event.
process.env.NO_DEPRECATION = 'express-session'

// What is covered is found out in this process: it takes a child of a test as long again to write down what it has covered.
delete process.env.NODE_V8_COVERAGE
