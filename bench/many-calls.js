const { dataOf } = require('./visitors')

/** Many calls of a store, for those who measure one. */

/** How many are under way at a time. */
const CROWD = 1000

/** A session as the middleware hands it to `set`. */
function made(session, number, { expires }) {
  const cookie = new session.Cookie()
  cookie.expires = expires
  return { cookie, ...dataOf(number, 0) }
}

/** Makes so many calls, a crowd of them at a time: `call(number, done)`. */
async function callEach(count, call) {
  for (let first = 0; first < count; first += CROWD) {
    await new Promise((resolve, reject) => {
      let left = Math.min(CROWD, count - first)
      const done = (error) => {
        if (error) reject(error)
        else if (--left === 0) resolve()
      }
      for (let number = first; number < Math.min(first + CROWD, count); number++) call(number, done)
    })
  }
}

/** @returns microseconds for one of so many calls */
async function timeEach(count, call) {
  const start = performance.now()
  await callEach(count, call)
  return ((performance.now() - start) * 1000) / count
}

/** @returns microseconds of this process's CPU for one of so many calls, whatever else the machine does meanwhile */
async function cpuEach(count, call) {
  const start = process.cpuUsage()
  await callEach(count, call)
  const { user, system } = process.cpuUsage(start)
  return (user + system) / count
}

module.exports = { callEach, cpuEach, made, timeEach }
