'use strict'

const assert = require('node:assert/strict')
const { UserProcesses } = require('./processes')

const SESSIONS = 20
const ROUNDS = 10

/** All sessions of a user end, while each of them is being used, and some are renewed. */
module.exports = async function storm({ name, url, options }) {
  const processes = await UserProcesses.start(4, name, url, 1, JSON.stringify(options))
  let served = 0
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const cookies = await Promise.all(
        Array.from({ length: SESSIONS }, async () => (await processes.get('/login/ada')).cookie)
      )
      const all = new Set(cookies)
      let isOver = false
      const visits = cookies.map(async (cookie, number) => {
        for (let visit = 0; !isOver; visit++) {
          const path = (visit + number) % 5 === 0 ? '/renew' : '/write'
          const answer = await processes.get(path, cookie)
          cookie = answer.cookie
          all.add(cookie)
          served++
        }
      })
      // That one of them fails is told when all is over.
      for (const visit of visits) visit.catch(() => {})
      for (let used = served; served < used + SESSIONS;) await new Promise(setImmediate)
      const { body: ended } = await processes.get('/end/ada')
      const seen = await Promise.all([...all].map((cookie) => processes.get('/look', cookie)))
      isOver = true
      await Promise.all(visits)
      const later = await Promise.all([...all].map((cookie) => processes.get('/look', cookie)))
      assert.ok(ended >= SESSIONS, `${ended} were ended`)
      for (const { body } of [...seen, ...later]) assert.equal(body.user, undefined, 'somebody is logged in')
      assert.deepEqual((await processes.get('/list/ada')).body, [])
    }
    assert.deepEqual(processes.errors, [])
    return `${served} requests in ${ROUNDS} storms, nobody is logged in after`
  } finally {
    await processes.stop()
  }
}
