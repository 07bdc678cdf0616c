'use strict'

// npm test - many visitors at once, each with one request after another, over changing processes; one process is killed in
// mid-run. Fails if a cart item is lost, sessions are mixed up, or somebody is logged out.

const { fork } = require('node:child_process')
const { once } = require('node:events')
const http = require('node:http')
const path = require('node:path')
const { freePort } = require('./redis')

const VISITORS = 40
const STEPS = 60

async function main() {
  const env = { ...process.env, PORT: String(await freePort()) }
  const cluster = fork(path.join(__dirname, 'start.js'), { env })
  cluster.once('exit', (code) => process.exit(code || 1))
  const [{ port }] = await once(cluster, 'message')

  const run = { port, requests: 0, retries: 0, processes: new Map(), faults: [], killed: undefined }
  const started = process.hrtime.bigint()
  const visitors = Array.from({ length: VISITORS }, (_, i) => visit(run, i))
  const killing = killInMidRun(run)
  await Promise.all(visitors)
  await killing
  const seconds = Number(process.hrtime.bigint() - started) / 1e9

  cluster.removeAllListeners('exit')
  cluster.disconnect()
  await once(cluster, 'exit')
  report(run, seconds)
}

/** Kills a process, as a crash would, when half of the requests are answered. */
async function killInMidRun(run) {
  while (run.requests < (VISITORS * STEPS) / 2) await new Promise((resolve) => setTimeout(resolve, 5))
  run.killed = [...run.processes.keys()][0]
  process.kill(Number(run.killed), 'SIGKILL')
}

/** One visitor: logs in, fills the cart item by item, and looks at it. */
async function visit(run, number) {
  const visitor = {
    run,
    cookie: undefined,
    items: 0,
    email: number % 2 ? 'ada@example.com' : 'grace@example.com'
  }
  const password = number % 2 ? 'analytical' : 'compiler'
  const form = `email=${visitor.email}&password=${password}`
  let answer
  do answer = await ask(visitor, 'POST', '/login', form)
  while (answer.status !== 302)

  for (let step = 0; step < STEPS; step++) {
    if (step % 3 === 2) await look(visitor)
    else await add(visitor)
  }
  await look(visitor)
}

async function add(visitor) {
  const response = await ask(visitor, 'POST', '/cart/add', 'productId=tea&quantity=1')
  if (response.status === 302) visitor.items += 1
  else if (response.status) visitor.run.faults.push(`adding an item: ${response.status}`)
  // The process was killed before it answered: whether it had saved the item, the cart says.
  else visitor.items = itemsOf(await page(visitor, '/cart'), visitor.items)
}

async function look(visitor) {
  const account = await page(visitor, '/account')
  if (!account.includes(`Logged in as ${visitor.email}`))
    visitor.run.faults.push(`${visitor.email} was logged out`)
  const items = itemsOf(await page(visitor, '/cart'))
  if (items !== visitor.items)
    visitor.run.faults.push(`${items} items in the cart instead of ${visitor.items}`)
  visitor.items = items
}

/** How many teas a cart page shows; after an unanswered request that is one more than known, or as many. */
function itemsOf(text, known) {
  const items = Number(/(\d+) x Tea/.exec(text)?.[1] || 0)
  return known === undefined || items === known || items === known + 1 ? items : known
}

/** A page, asked for until a process that lives answers. */
async function page(visitor, path) {
  for (;;) {
    const response = await ask(visitor, 'GET', path)
    if (response.status === 200 || response.status === 302) return response.body
    if (response.status) visitor.run.faults.push(`${path}: ${response.status}`)
  }
}

/** One request, on a connection of its own, so that the next process serves it. */
function ask(visitor, method, path, form) {
  const { run } = visitor
  return new Promise((resolve) => {
    const request = http.request(
      { port: run.port, host: '127.0.0.1', method, path, agent: false },
      (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (chunk) => (body += chunk))
        response.on('end', () => {
          const pid = response.headers['x-process']
          const setCookie = response.headers['set-cookie']
          run.requests += 1
          run.processes.set(pid, (run.processes.get(pid) || 0) + 1)
          if (setCookie) visitor.cookie = setCookie[0].split(';')[0]
          resolve({ status: response.statusCode, body })
        })
        response.on('error', () => resolve({ status: 0 }))
      }
    )
    // A connection may have been on its way to the process that was killed: nobody will ever answer it.
    request.setTimeout(5000, () => request.destroy())
    request.on('error', () => {
      run.retries += 1
      resolve({ status: 0 })
    })
    if (visitor.cookie) request.setHeader('Cookie', visitor.cookie)
    if (form) request.setHeader('Content-Type', 'application/x-www-form-urlencoded')
    request.end(form)
  })
}

function report({ requests, retries, processes, faults, killed }, seconds) {
  console.log(`${requests} requests of ${VISITORS} visitors, ${Math.round(requests / seconds)} a second`)
  for (const [pid, served] of processes) {
    console.log(`  process ${pid} answered ${served}${pid === killed ? ', and was killed in mid-run' : ''}`)
  }
  console.log(`  requests that the killed process left unanswered: ${retries}`)
  console.log(`  lost items, mixed-up sessions, visitors logged out: ${faults.length}`)
  for (const fault of faults.slice(0, 10)) console.log(`    ${fault}`)

  const changedProcesses = processes.size > 4
  if (!changedProcesses) console.log('  the requests were not spread over all processes')
  process.exitCode = faults.length > 0 || !changedProcesses ? 1 : 0
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
