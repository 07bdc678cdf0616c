'use strict'

// Express logs the errors of requests unless it is being tested; here most of them are what a test wants.
process.env.NODE_ENV = 'test'

// Deprecated options are tried on purpose; who wants to see the notices listens to the process's `deprecation` event.
process.env.NO_DEPRECATION = 'express-session'
