'use strict'

// Answers, as JSON, what V8 says of the requests and responses that pass the middleware:
//
//     node --allow-natives-syntax test/support/hidden-classes.js express|http

const http = require('node:http')
const express = require('express')
const session = require('express-session')

// Only V8 itself understands these.
const haveSameMap = new Function('a', 'b', 'return %HaveSameMap(a, b)')
const hasFastProperties = new Function('a', 'return %HasFastProperties(a)')

const middleware = session({ secret: 'secret', resave: false, saveUninitialized: false })
const seen = []
const see = (req, res) => {
  seen.push({ req, res })
  res.end()
}

function appOf(host) {
  if (host === 'express') return express().use(middleware, see)
  return (req, res) => middleware(req, res, () => see(req, res))
}

async function main(host) {
  const server = http.createServer(appOf(host)).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  // The first ones set the classes up.
  for (let i = 0; i < 30; i++) {
    await (await fetch(`http://127.0.0.1:${server.address().port}/`)).text()
  }
  server.close()
  server.closeAllConnections()

  const [one, other] = seen.slice(-2)
  const answer = {}
  for (const what of ['req', 'res']) {
    answer[what] = {
      shareClass: haveSameMap(one[what], other[what]),
      isFast: hasFastProperties(other[what])
    }
  }
  console.log(JSON.stringify(answer))
}

main(process.argv[2])
