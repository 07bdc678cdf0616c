'use strict'

// What 1.19.0 takes for an option is taken; where it cannot be meant, a process warning says so once, and names what may be
// meant. An app that gives options of its own hears nothing.

const assert = require('node:assert/strict')
const { createSecretKey, generateKeyPairSync } = require('node:crypto')
const { EventEmitter } = require('node:events')
const express = require('express')
const upstream = require('upstream-session')
const { closeAll, listen, pause, saidDuring, session, usual } = require('../support/harness')

const NAME = 'EXPRESS_SESSION_OPTION_NAME'
const VALUE = 'EXPRESS_SESSION_OPTION_VALUE'

/** What is said of options meanwhile, by process warning. */
async function saidOfOptions(something) {
  const said = await saidDuring(something)
  return said.filter(({ code }) => code.startsWith('EXPRESS_SESSION_OPTION'))
}

/** What is given to session() beside `usual`, and what is said of it: the option, and a part of the text. */
const unlikely = {
  'a secret that is a number': [
    { secret: 123 },
    [VALUE, /^The option secret is of type number, and cannot sign/]
  ],
  'a secret that is empty': [
    { secret: '' },
    [VALUE, /^The option secret is empty text\. It must be text that nobody/]
  ],
  'a secret that is an object': [{ secret: { key: 'x' } }, [VALUE, /^The option secret is of type object/]],
  'a secret that is a public key': [
    { secret: generateKeyPairSync('ed25519').publicKey },
    [VALUE, /^The option secret is of type object/]
  ],
  'secrets of which some are none': [
    { secret: ['right', '', undefined] },
    [VALUE, /^The option secret\[1\] is empty text/],
    [VALUE, /^The option secret\[2\] is of type undefined/]
  ],
  'a name with a space': [
    { name: 'my sid' },
    [
      VALUE,
      /^The option name is 'my sid', and so no session cookie is sent\. It must be the name of a cookie/
    ]
  ],
  'a name with a semicolon, by its old option': [{ key: 'a;b' }, [VALUE, /^The option key is 'a;b'/]],
  'a name that is a number': [{ name: 5 }, [VALUE, /^The option name is 5, and counts as its text/]],
  'text for resave': [{ resave: 'no' }, [VALUE, /^The option resave is 'no', which counts as true/]],
  'text for saveUninitialized': [
    { saveUninitialized: 'false' },
    [VALUE, /saveUninitialized is 'false', which/]
  ],
  'a list for rolling': [{ rolling: [] }, [VALUE, /^The option rolling is an array, which counts as true/]],
  'a number for proxy': [{ proxy: 1 }, [VALUE, /^The option proxy is 1, which counts for nothing/]],
  'a domain with a space': [
    { cookie: { domain: 'exa mple.com' } },
    [VALUE, /cookie\.domain is 'exa mple\.com', and so/]
  ],
  'a domain that is a URL': [
    { cookie: { domain: 'https://shop.example.com:8080' } },
    [
      VALUE,
      /^The option cookie\.domain is 'https:\/\/shop\.example\.com'\.\.\., and so no session cookie is sent/
    ]
  ],
  'a path that does not begin with a slash': [
    { cookie: { path: 'shop' } },
    [VALUE, /^The option cookie\.path is 'shop', and so no request has a session/]
  ],
  'a path that is a number': [
    { cookie: { path: 5 } },
    [VALUE, /^The option cookie\.path is 5\. It must be text/]
  ],
  'a path that is a pattern': [
    { cookie: { path: /^\/shop/ } },
    [VALUE, /^The option cookie\.path is an object \(RegExp\)\. It must be text that begins with \//]
  ],
  'a path in a list': [
    { cookie: { path: ['/'] } },
    [VALUE, /^The option cookie\.path is an array\. It must be/]
  ],
  'a path that no cookie can have': [
    { cookie: { path: '/;' } },
    [VALUE, /^The option cookie\.path is '\/;', and so no/]
  ],
  'a sameSite that is none': [
    { cookie: { sameSite: 'foo' } },
    [
      VALUE,
      /^The option cookie\.sameSite is 'foo', and so .* It must be true, false, 'lax', 'strict', 'none' or 'auto'/
    ]
  ],
  'a number for sameSite': [{ cookie: { sameSite: 1 } }, [VALUE, /^The option cookie\.sameSite is 1/]],
  'a priority that is none': [
    { cookie: { priority: 'x' } },
    [VALUE, /cookie\.priority is 'x'.*'low', 'medium' or 'high'/]
  ],
  'text for secure': [
    { cookie: { secure: 'yes' } },
    [VALUE, /^The option cookie\.secure is 'yes', which counts as true/]
  ],
  'text for httpOnly': [
    { cookie: { httpOnly: 'false' } },
    [VALUE, /^The option cookie\.httpOnly is 'false', which/]
  ],
  'auto for what has none': [
    { cookie: { httpOnly: 'auto' } },
    [VALUE, /^The option cookie\.httpOnly is 'auto', which/]
  ],
  'a maxAge of nothing': [
    { cookie: { maxAge: 0 } },
    [VALUE, /cookie\.maxAge is 0: each session ends as soon as it begins/]
  ],
  'a maxAge that no date can tell': [
    { cookie: { maxAge: 1e300 } },
    [VALUE, /^The option cookie\.maxAge is 1e\+300, which is no date: no session cookie is sent/]
  ],
  'a date of the past': [
    { cookie: { expires: new Date(0) } },
    [VALUE, /cookie\.expires is .*1970.*: each session ends/]
  ],
  'an invalid date': [
    { cookie: { expires: new Date(NaN) } },
    [VALUE, /^The option cookie\.expires is Invalid Date, which/]
  ],
  'a number for expires, with the maxAge that counts behind it': [
    { cookie: { expires: Date.now() + 60_000, maxAge: 60_000 } },
    [
      VALUE,
      /^The option cookie\.expires is no Date, but of type number\. The cookie\.maxAge behind it counts/
    ]
  ],
  'a number for expires that would be the past, likewise': [
    { cookie: { expires: -1, maxAge: 60_000 } },
    [VALUE, /^The option cookie\.expires is no Date, but of type number\. .* leave expires out/]
  ],
  'text for expires, likewise': [
    { cookie: { expires: 'tomorrow', maxAge: null } },
    [VALUE, /^The option cookie\.expires is no Date, but of type string\. The cookie\.maxAge behind/]
  ],
  'a number for expires that a function gives': [
    { cookie: () => ({ expires: 60_000 }) },
    [VALUE, /^The option cookie\.expires .* counts as milliseconds from now: write cookie\.maxAge, or a Date/]
  ],
  'a store that is an event emitter alone': [
    { store: new EventEmitter() },
    [VALUE, /^The option store is an object \(EventEmitter\) without get, set, destroy/]
  ],
  'a misspelt saveUninitialized': [
    { saveUninitialised: true },
    [NAME, /^There is no option saveUninitialised \(true\): saveUninitialized may be meant/]
  ],
  'another one': [
    { saveUnitialized: true },
    [NAME, /saveUnitialized \(true\): saveUninitialized may be meant/]
  ],
  'a misspelt resave': [
    { resaves: true },
    [NAME, /^There is no option resaves \(true\): resave may be meant/]
  ],
  'two letters swapped': [{ tocuhInterval: 5 }, [NAME, /tocuhInterval \(5\): touchInterval may be meant/]],
  'other letters in capitals': [
    { genId: () => 'id' },
    [NAME, /genId \(the function genId\): genid may be meant/]
  ],
  'a secret, in the plural': [
    { secrets: ['hidden'] },
    [NAME, /^There is no option secrets: secret may be meant/]
  ],
  'what cookie-session calls it': [
    { keys: ['hidden'] },
    [NAME, /^There is no option keys: secret may be meant/]
  ],
  'an attribute of the cookie beside it': [
    { maxAge: 60_000 },
    [NAME, /^There is no option maxAge \(60000\): cookie\.maxAge may be meant/]
  ],
  'a misspelt attribute beside the cookie': [
    { httponly: true },
    [NAME, /httponly \(true\): cookie\.httpOnly may be meant/]
  ],
  'misspelt attributes': [
    { cookie: { maxage: 1, httponly: false, same_site: 'lax', pathh: '/' } },
    [NAME, /^There is no option cookie\.maxage \(1\): cookie\.maxAge may be meant/],
    [NAME, /cookie\.httponly \(false\): cookie\.httpOnly may be meant/],
    [NAME, /cookie\.same_site \('lax'\): cookie\.sameSite may be meant/],
    [NAME, /cookie\.pathh \('\/'\): cookie\.path may be meant/]
  ],
  'an option within the cookie': [
    { cookie: { secret: 'hidden', resave: false } },
    [NAME, /^There is no option cookie\.secret: secret may be meant/],
    [NAME, /cookie\.resave \(false\): resave may be meant/]
  ]
}

/** What can be meant, and what is clearly somebody else's. */
const likely = {
  'the usual options': {},
  'secrets of all kinds': {
    secret: ['text', Buffer.from('x'), new Uint8Array(2), createSecretKey(Buffer.from('x'))]
  },
  'no secret but that of the request': { secret: undefined },
  'attributes of all kinds': {
    cookie: {
      maxAge: 60_000,
      httpOnly: false,
      secure: 'auto',
      sameSite: 'auto',
      domain: '.example.com',
      path: '/',
      priority: 'High',
      partitioned: false,
      signed: true,
      encode: String
    }
  },
  'attributes that are off': {
    cookie: {
      maxAge: null,
      expires: null,
      secure: '',
      sameSite: false,
      domain: '',
      path: '',
      priority: undefined
    }
  },
  'a Cookie': { cookie: new session.Cookie({ maxAge: 86_400_000 }) },
  'what a Cookie has of its own': { cookie: { _expires: null, originalMaxAge: 60_000 } },
  'an expiry that another one overwrites': { cookie: { expires: new Date(0), maxAge: 60_000 } },
  'the same in the other order': { cookie: { maxAge: 0, expires: new Date(Date.now() + 86_400_000) } },
  'attributes of the app itself': {
    cookie: { decode: String, overwrite: true, theme: 'dark', user: 'ada', id: 5 }
  },
  'truth as 0 and 1': { resave: 0, saveUninitialized: 1, rolling: null, cookie: { secure: 0, httpOnly: 1 } },
  'options of other libraries': {
    ttl: 5,
    url: 'redis://x',
    client: {},
    prefix: 'sess:',
    collection: 'sessions',
    logger: console,
    transform: String,
    decryption: 'x',
    touchAfter: 5,
    username: 'x',
    password: 'x',
    signed: true,
    overwrite: true
  },
  'attributes beside the cookie that are within it, too': {
    path: '/',
    secure: true,
    cookie: { path: '/', secure: false }
  },
  'a name that is not used': { name: 'my sid', transport: session.headerTransport?.() }
}

/** What session() and two visits say. */
const saidOf = (options) =>
  saidOfOptions(async () => {
    const { visit } = await app(session, options)
    await visit()
    await visit()
  })

/** An app that has a session of ours, or of 1.19.0. */
function app(implementation, options) {
  const served = express()
  served.set('env', 'test')
  served.use(implementation({ genid: () => 'id', ...usual, ...options }))
  served.use((req, res) => {
    if (req.session) req.session.user = 'ada'
    res.end(String(req.session?.user))
  })
  const errors = []
  served.use((error, req, res, next) => {
    errors.push(error.message)
    if (res.headersSent) next(error)
    else res.end('Error page')
  })
  return listen(require('node:http').createServer(served), { errors })
}

/** What a visitor gets, but for the moment. */
async function answer(implementation, options) {
  const { visit, errors } = await app(implementation, options)
  const { status, body, setCookie } = await visit()
  await pause(5)
  return { status, body, errors, cookie: setCookie.map((text) => text.replace(/Expires=[^;]*/, 'Expires')) }
}

afterEach(closeAll)

describe('an option that cannot be meant is taken as by 1.19.0, and warned of once:', () => {
  for (const [what, [options, ...expected]] of Object.entries(unlikely)) {
    it(what, async () => {
      const said = await saidOf(options)
      assert.deepEqual(
        said.map(({ code }) => code),
        expected.map(([code]) => code)
      )
      expected.forEach(([code, text], i) => {
        const { message } = said[i]
        assert.match(message, text)
        assert.ok(message.endsWith(`. See docs/troubleshooting.md#${code.toLowerCase()}`), message)
        assert.doesNotMatch(message, /hidden/)
      })
    })

    it(`${what}: and nothing else changes`, async () => {
      const ours = await answer(session, options)
      const theirs = await answer(upstream, options)
      // 1.19.0 finds out at the first save, and says it differently.
      if (options.store) assert.equal(ours.errors.length, theirs.errors.length)
      else assert.deepEqual(ours, theirs)
    })
  }

  it('what a function gives for the cookie, at the first request', async () => {
    const said = await saidOf({ cookie: () => ({ sameSite: 'foo', maxage: 5 }) })
    assert.deepEqual(
      said.map(({ code }) => code),
      [NAME, VALUE]
    )
  })

  for (const [what, cookie] of Object.entries({
    'a promise for the cookie': Promise.resolve({ secure: true }),
    'a function of the cookie that gives promises': async () => ({ secure: true }),
    'a function of the cookie that gives promises that are rejected': () => Promise.reject(new Error('away'))
  })) {
    it(`${what}, which counts as no attributes, as with 1.19.0`, async () => {
      const said = await saidOf({ cookie })
      assert.deepEqual(
        said.map(({ code }) => code),
        [VALUE]
      )
      assert.match(
        said[0].message,
        /^The option cookie has given a promise, which counts as no attributes\. It must/
      )
    })
  }

  it('options that are no object, whose text may be a secret', async () => {
    const said = await saidOfOptions(() => session('keyboard cat'))
    assert.equal(said.length, 1)
    assert.match(said[0].message, /^session\(\) takes an object with options, and not a value of type string/)
    assert.doesNotMatch(said[0].message, /keyboard cat/)
  })
})

describe('nothing is said of', () => {
  for (const [what, options] of Object.entries(likely)) {
    it(what, async () => {
      assert.deepEqual(await saidOf(options), [])
    })
  }
})

describe('a name that is a number', () => {
  it('is that of the cookie, whatever else the header has', async () => {
    const { visit } = await app(session, { name: 5 })
    const { cookie } = await visit()
    assert.match(cookie, /^5=s%3Aid\./)
    for (const header of [cookie, `15=x; ${cookie}`, `a=5; 5x=y; ${cookie}; 55=z`]) {
      assert.equal((await visit({ cookie: header })).setCookie.length, 0)
    }
  })
})

describe('what is no store', () => {
  const cases = {
    'an empty object': [{}, /It is an object \(Object\)$/],
    'an object without a class': [Object.create(null), /It is an object \(Object\)$/],
    'a function': [(() => () => {})(), /It is a function: call a class with new$/],
    'a number': [1, /It is 1$/],
    text: ['redis', /It is 'redis'$/],
    MemoryStore: [session.MemoryStore, /It is the function MemoryStore: call a class with new$/],
    'a class of an app': [class Mine extends session.Store {}, /the function Mine: call a class with new$/],
    'a promise of a store': [Promise.resolve(new session.MemoryStore()), /\(Promise\): await it first$/],
    'what has a password': [{ password: 'hidden' }, /It is an object \(Object\)$/]
  }

  for (const [what, [store, ending]] of Object.entries(cases)) {
    it(`is refused at session(), as by 1.19.0, in words that say what a store is: ${what}`, () => {
      assert.throws(() => upstream({ ...usual, store }), TypeError)
      // It leaves that behind.
      delete store.generate
      assert.throws(
        () => session({ ...usual, store }),
        (error) => {
          assert.equal(error.name, 'TypeError')
          assert.match(
            error.message,
            /^store\.on is not a function: .* get, set and destroy,.* new session\.MemoryStore\(\)/
          )
          assert.match(error.message, ending)
          return true
        }
      )
    })
  }
})
