'use strict'

// What the servers themselves say of a session, and of what they were asked.

const { Client } = require('pg')
const { MongoClient } = require('mongodb')
const { createClient } = require('redis')

exports.redis = async (url) => {
  const client = createClient({ url }).on('error', () => {})
  await client.connect()
  return {
    timeLeft: (id) => client.sendCommand(['PTTL', `additions:${id}`]).then(Number),
    resetCounts: () => client.sendCommand(['CONFIG', 'RESETSTAT']),
    async counts() {
      const stats = String(await client.sendCommand(['INFO', 'commandstats']))
      const of = (command) => Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
      return `${of('get')} GET, ${of('expire')} EXPIRE`
    },
    close: () => client.quit()
  }
}

exports.postgres = async (url) => {
  const client = new Client(url)
  await client.connect()
  return {
    async timeLeft(id) {
      const query = 'SELECT extract(epoch FROM expire - now()::timestamp) AS left FROM session WHERE sid = $1'
      const { rows } = await client.query(query, [id])
      return Number(rows[0].left) * 1000
    },
    close: () => client.end()
  }
}

exports.mongodb = async (url) => {
  const client = new MongoClient(url)
  await client.connect()
  return {
    async timeLeft(id) {
      const { expires } = await client.db().collection('sessions').findOne({ _id: id })
      return expires - Date.now()
    },
    close: () => client.close()
  }
}
