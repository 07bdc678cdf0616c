'use strict'

const assert = require('node:assert/strict')
const { createClient } = require('redis')
const { UserProcesses } = require('./processes')

/** Of a user there are ten. `USERS_SESSIONS=100000` tries so many, in some four minutes each time. */
const SESSIONS = Number(process.env.USERS_SESSIONS || 2000)
const USERS = SESSIONS / 10
const AT_A_TIME = 40

const OPTIONS = { hashSessionIds: true, absoluteTimeout: 3_600_000, concurrency: 'merge' }

/** Logins, logouts, changes and renewals at random, of many users, from four processes. */
module.exports = async function manyUsers({ name, url, updates }) {
  const client = createClient({ url }).on('error', () => {})
  await client.connect()
  await client.flushDb()
  const processes = await UserProcesses.start(4, name, url, updates, JSON.stringify(OPTIONS))
  try {
    const visitors = []
    await parallel(SESSIONS, async () => {
      const { cookie } = await processes.get(`/login/u${random(USERS)}`)
      const visitor = { cookie }
      await use(visitor, processes)
      visitors.push(visitor)
      if (Math.random() < 0.7) await use(visitors[random(visitors.length)], processes)
    })
    assert.deepEqual(processes.errors, [])

    const { living, missing, gone } = await compare(client)
    const seen = `${living} sessions live, ${missing} of them not named; ${gone} named that are gone`
    if (updates) {
      assert.equal(missing + gone, 0, seen)
      return seen
    }
    await heal(visitors, processes)
    const after = await compare(client)
    assert.deepEqual([after.missing, after.gone], [0, 0])
    return `${seen}; none once they were used`
  } finally {
    await processes.stop()
    await client.quit()
  }
}

async function use(visitor, processes) {
  const { cookie } = visitor
  const chance = Math.random()
  if (chance < 0.3) await Promise.all([processes.get('/logout', cookie), processes.get('/write', cookie)])
  else if (chance < 0.6) await Promise.all([processes.get('/look', cookie), processes.get('/write', cookie)])
  else if (chance < 0.8) visitor.cookie = (await processes.get('/renew', cookie)).cookie
}

/** Each session is used once, those of one user one after another; then somebody looks. */
async function heal(visitors, processes) {
  const byUser = new Map()
  await parallel(visitors.length, async (number) => {
    const { body } = await processes.get('/look', visitors[number].cookie)
    byUser.set(body.user, [...(byUser.get(body.user) ?? []), visitors[number]])
  })
  byUser.delete(undefined)
  const users = [...byUser.keys()]
  await parallel(users.length, async (number) => {
    for (const { cookie } of byUser.get(users[number])) await processes.get('/look', cookie)
  })
  await parallel(USERS, (number) => processes.get(`/list/u${number}`))
}

/** Which sessions live, by what Redis holds, and which ones the records name. */
async function compare(client) {
  const living = new Map()
  const named = new Map()
  for (const key of await client.keys('*')) {
    // An empty record expires at once.
    const { sessions, __session } = JSON.parse(await client.get(key)) ?? {}
    if (/:user-/.test(key))
      for (const entry of sessions ?? []) named.set(`sess:${entry.key}`, { ...entry, key })
    else if (__session?.user) living.set(key, `sess:${__session.user}`)
  }
  const missing = [...living].filter(([key, record]) => named.get(key)?.key !== record).length
  // A login that another process has written back, without `update`, counts as coming for half a minute.
  const gone = [...named].filter(
    ([key, { key: record, savingSince }]) => living.get(key) !== record && savingSince === undefined
  ).length
  return { living: living.size, missing, gone }
}

/** Does something so many times, some at a time. */
async function parallel(times, work) {
  let begun = 0
  await Promise.all(
    Array.from({ length: AT_A_TIME }, async () => {
      while (begun < times) await work(begun++)
    })
  )
}

function random(below) {
  return Math.floor(Math.random() * below)
}
