'use strict'

const assert = require('node:assert/strict')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { AppProcess } = require('../../harness/app-process')
const { Visitor } = require('../../harness/visitor')

const CONFIGURATIONS = path.join(__dirname, '..', '..', 'configurations')
const VISITORS = 40
const ROUNDS = 12
const CRASHES = 4

const OPTIONS = { cookie: { maxAge: 600_000 } }

/**
 * Moves sessions from a store to another: two processes serve the visitors that have come to the old store, and one of them is
 * killed now and then. Each visitor keeps his session, and each change that he was told of.
 *
 * @param given - what the two stores are, and what they are opened with
 */
module.exports = async function moving(given) {
  const visitors = await comeToTheOldStore(given.from)
  const apps = [await startMoving(given)]
  try {
    // A store may make its table when it is first called: PostgreSQL refuses that to two processes at the same time.
    await insist(visitors[0], apps, 0, 'get', '/look')
    apps.push(await startMoving(given))
    let isOver = false
    const crashes = crashNowAndThen(apps, given, () => isOver)
    try {
      await Promise.all(visitors.map((visitor) => visit(visitor, apps)))
    } finally {
      // Else a process that it has started meanwhile would be left.
      isOver = true
      await crashes
    }
    const count = await crashes
    assert.ok(count > 0, 'no process was killed in time')

    for (const visitor of visitors) {
      const { to } = await apps[0].ask('raw', visitor.id)
      assert.ok(to, 'the new store has each session')
    }
    await logOut(visitors.slice(0, 5), apps)
  } finally {
    await Promise.all(apps.map((app) => app.stop()))
  }
}

async function comeToTheOldStore({ id, given }) {
  const app = new AppProcess({
    modulePath: path.join(CONFIGURATIONS, id, 'index.js'),
    given,
    implementation: 'ours'
  })
  await app.start()
  try {
    await app.ask('use', OPTIONS)
    return await Promise.all(
      Array.from({ length: VISITORS }, async (_, number) => {
        const visitor = new Visitor(app)
        const { body } = await visitor.post('/save', { number, count: 0 })
        return { number, count: 0, id: body.id, cookie: visitor.cookie }
      })
    )
  } finally {
    await app.stop()
  }
}

async function startMoving(given) {
  const app = new AppProcess({
    modulePath: path.join(__dirname, 'moving-store.js'),
    given,
    implementation: 'ours'
  })
  await app.start()
  await app.ask('use', OPTIONS)
  return app
}

/** @returns how often */
async function crashNowAndThen(apps, given, isOver) {
  let crashes = 0
  while (crashes < CRASHES && !isOver()) {
    await sleep(30)
    await apps[1].stop()
    crashes++
    apps[1] = await startMoving(given)
  }
  return crashes
}

/** A visitor comes to both processes at a time, then changes something, again and again. */
async function visit(visitor, apps) {
  // They do not come all at once, so that some are on the move whenever the process is killed.
  await sleep(visitor.number * 25)
  for (let round = 0; round < ROUNDS; round++) {
    const looks = await Promise.all(apps.map((_, which) => insist(visitor, apps, which, 'get', '/look')))
    for (const body of looks) isRight(visitor, body)

    const count = visitor.count + 1
    isRight({ ...visitor, count }, await insist(visitor, apps, round % 2, 'post', '/save', { count }))
    visitor.count = count
  }
}

/** Asks a process; the other one, if that has died. */
async function insist(visitor, apps, which, method, url, body) {
  for (;;) {
    const app = apps[which]
    try {
      const client = new Visitor(app, visitor.cookie)
      const response = method === 'get' ? await client.get(url) : await client.post(url, body)
      assert.equal(response.status, 200, JSON.stringify(response.body))
      return response.body
    } catch (error) {
      if (!app.dead && error instanceof assert.AssertionError) throw error
      await sleep(10)
      which = 0
    }
  }
}

function isRight({ number, count, id }, body) {
  assert.deepEqual(
    { id: body.id, number: body.session?.number, count: body.session?.count },
    { id, number, count },
    'a visitor has lost a session, or a change'
  )
}

/** What has ended is in neither store, and does not come back. */
async function logOut(visitors, apps) {
  for (const visitor of visitors) {
    await insist(visitor, apps, 0, 'post', '/destroy', {})
    assert.deepEqual(await apps[1].ask('raw', visitor.id), { from: null, to: null })
    const { id } = await insist(visitor, apps, 1, 'get', '/look')
    assert.notEqual(id, visitor.id)
  }
}
