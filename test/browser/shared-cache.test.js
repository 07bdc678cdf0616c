'use strict'

// A real cache that visitors share never gives one of them the page of another, nor the cookie, under cacheControl.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const http = require('node:http')
const os = require('node:os')
const path = require('node:path')
const express = require('express')
const session = require('../..')
const { OwnProcess, freePort } = require('../stores/servers/own-process')

const usual = { secret: 'secret', resave: false, saveUninitialized: false }

describe('a cache that visitors share (nginx)', () => {
  let folder, nginx, port, app, server

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nginx-'))
    port = await freePort()
    server = http.createServer((req, res) => app(req, res)).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.on('listening', resolve))
    fs.writeFileSync(path.join(folder, 'nginx.conf'), configuration(server.address().port))
    nginx = new OwnProcess({
      command: findNginx(),
      args: ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'],
      port
    })
    await nginx.start()
  })

  after(async () => {
    await nginx?.kill()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    fs.rmSync(folder, { recursive: true, force: true })
  })

  /** A cache that keeps what it may, and would keep cookies too: as some do that somebody has tuned. */
  function configuration(upstream) {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${folder}/${name};`
    )
    return `
      daemon off;
      master_process off;
      pid ${folder}/pid;
      events {}
      http {
        access_log off;
        ${temporary.join('\n')}
        proxy_cache_path ${folder}/cache keys_zone=shared:1m;
        server {
          listen 127.0.0.1:${port};
          location / {
            proxy_pass http://127.0.0.1:${upstream};
            proxy_cache shared;
            proxy_cache_valid any 10m;
            proxy_ignore_headers Set-Cookie;
            add_header X-Cache $upstream_cache_status always;
          }
        }
      }`
  }

  /** Pages that somebody has written without a thought of caches; each test has a part of the cache of its own. */
  function appWith(options) {
    app = express()
    app.disable('etag')
    app.use(session({ ...usual, ...options }))
    app.use((req, res) => {
      if (req.query.user) req.session.user = req.query.user
      res.send(`user: ${req.session.user}`)
    })
  }

  async function visit(url, { cookie, ...headers } = {}) {
    const answer = await fetch(`http://127.0.0.1:${port}${url}`, {
      headers: { ...(cookie && { cookie }), ...headers }
    })
    return {
      body: await answer.text(),
      cookie: answer.headers.getSetCookie()[0]?.split(';')[0],
      id: answer.headers.get('x-session-id'),
      cache: answer.headers.get('x-cache')
    }
  }

  it('gives the page and the cookie of one to the other without it: so much for the cache', async () => {
    appWith({})
    const ada = await visit('/off?user=ada')
    const other = await visit('/off?user=ada')
    assert.equal(other.cache, 'HIT')
    assert.equal(other.cookie, ada.cookie)
    await visit('/off/page', { cookie: ada.cookie })
    assert.equal((await visit('/off/page')).body, 'user: ada')
  })

  it('never does with it', async () => {
    appWith({ cacheControl: true, clearCookie: true })
    const ada = await visit('/on?user=ada')
    const again = await visit('/on?user=ada')
    assert.equal(again.cache, 'MISS')
    assert.notEqual(again.cookie, ada.cookie)
    const grace = await visit('/on?user=grace')

    for (let round = 0; round < 3; round++) {
      assert.equal((await visit('/on/page', { cookie: ada.cookie })).body, 'user: ada')
      assert.equal((await visit('/on/page')).body, 'user: undefined')
      assert.equal((await visit('/on/page', { cookie: grace.cookie })).body, 'user: grace')
    }
    // It is still a cache, for each by himself.
    assert.equal((await visit('/on/page')).cache, 'HIT')
  })

  it('never does under rolling either, where each page carries the cookie', async () => {
    appWith({ cacheControl: true, rolling: true })
    const ada = await visit('/rolling?user=ada')
    for (let round = 0; round < 2; round++) {
      const page = await visit('/rolling/page', { cookie: ada.cookie })
      assert.deepEqual([page.body, page.cache, page.cookie], ['user: ada', 'MISS', ada.cookie])
      assert.equal((await visit('/rolling/page')).body, 'user: undefined')
    }
  })

  it('keeps API clients apart that have their id in a header', async () => {
    appWith({ cacheControl: true, transport: session.headerTransport() })
    const ada = await visit('/api?user=ada')
    const grace = await visit('/api?user=grace')
    for (let round = 0; round < 2; round++) {
      assert.equal((await visit('/api/page', { 'x-session-id': ada.id })).body, 'user: ada')
      assert.equal((await visit('/api/page', { 'x-session-id': grace.id })).body, 'user: grace')
      assert.equal((await visit('/api/page')).body, 'user: undefined')
    }
  })
})

function findNginx() {
  for (const name of ['nginx', '/usr/sbin/nginx']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim()
    } catch {
      // The next one.
    }
  }
  throw new Error('There is no nginx: install the package nginx')
}
