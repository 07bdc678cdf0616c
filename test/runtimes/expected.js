'use strict'

// What is known not to hold on Bun and on Deno, and why. Each of these is the runtime's, and was tried there without sessions.

const SAME_BYTES =
  'ending-a-response: the bytes of a response are those of the app without sessions, but for the cookie'

module.exports = {
  bun: [
    {
      why: 'Bun takes a head for sent when somebody has listened to it (on-headers) and the body is then refused: the error reaches next(err), and the connection is closed without an error page',
      tests: [
        'ending-a-response: end() on its own refuses a chunk that is none as Node does, and the app can still answer',
        'ending-a-response: end() with an end() that was wrapped before the session refuses a chunk that is none as Node does, and the app can still answer',
        'ending-a-response: end() with an end() that was wrapped after the session refuses a chunk that is none as Node does, and the app can still answer',
        'ending-a-response: end() with a response class of the app refuses a chunk that is none as Node does, and the app can still answer',
        "ending-a-response: end() has Node's signature and result a chunk that is none is refused as Node refuses it, and the app can answer"
      ]
    },
    {
      why: 'Bun refuses trailers beside a Content-Length, as Node.js does, but only when somebody listens to the head',
      tests: [
        `${SAME_BYTES} with a response class that gathers the body and tells its length and a store that answers later, one request after another on one connection`,
        `${SAME_BYTES} with a response class that gathers the body and tells its length and a store that answers at once, one request after another on one connection`,
        `${SAME_BYTES} with a response class that gathers the body and tells its length, many requests at once in a pipeline`
      ]
    },
    {
      why: 'A response that waits in a pipeline for the one before it says in Bun that its head is not sent, though the app has written to it: then the app without sessions is what goes wrong',
      tests: [
        `${SAME_BYTES} with a middleware before the session that tells the length at the end, many requests at once in a pipeline`,
        `${SAME_BYTES} with a response class that tells a header about the body at its end, many requests at once in a pipeline`,
        `${SAME_BYTES} with a response class that changes the status at its end, many requests at once in a pipeline`
      ]
    },
    {
      why: 'Bun answers 400 to an HTTP/1.0 client that sends a second request while the first one is served, where Node.js closes the connection after the first',
      tests: [`${SAME_BYTES} for clients that speak HTTP/1.0`]
    },
    {
      why: 'Bun has the suites of node:test in `bun test` alone',
      tests: ['testing: storeContract runs under node:test, and skips what the store lacks']
    }
  ],

  deno: [
    {
      why: 'Deno has no `__proto__` to assign, by which session-file-store inherits, unless it is started with --unstable-unsafe-proto',
      tests: [
        'additions: refreshCookie works with session-file-store, and so does clearCookie',
        'additions: the reserved member stays in the file of session-file-store, whose touch writes all of it',
        'ending-a-session: a session that ends while other requests work with it never comes back in session-file-store: 60 rounds',
        'ending-a-session: session-file-store has none of a hundred sessions after a hundred logouts, each while a page is read'
      ]
    },
    {
      why: 'An HMAC in Deno takes no key that is a Uint16Array; a Buffer or a Uint8Array is fine',
      tests: [
        'reading-the-cookie: a secret whose bytes change counts as it is then: a Uint16Array',
        'reading-the-cookie: a secret whose bytes change counts as it is then, as one of several: a Uint16Array'
      ]
    },
    {
      why: "Deno makes no start-up snapshots, and its v8.startupSnapshot cannot be replaced for a test's sake",
      tests: ['unit: session ids are drawn one by one while Node makes a start-up snapshot']
    },
    {
      why: 'Deno takes flags of a test runner in a process of its own for flags of itself; it has `deno test`',
      tests: [
        'testing: storeContract runs under mocha, and skips what the store lacks',
        'testing: storeContract runs under node:test, and skips what the store lacks'
      ]
    }
  ]
}
