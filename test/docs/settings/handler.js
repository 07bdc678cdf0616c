'use strict'

// The block is what a handler does: `req`, `res` and `next` are a request's. Only blocks for `ask` are answered by it.

require('./app')
