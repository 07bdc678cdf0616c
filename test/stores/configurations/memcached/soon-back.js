'use strict'

/**
 * By memcached's own defaults it is left to chance whether a request waits for a server that is down, and after some
 * failures the client lets the server be for half a minute.
 */
module.exports = { retries: 1, minTimeout: 50, failures: 1, retry: 1000 }
