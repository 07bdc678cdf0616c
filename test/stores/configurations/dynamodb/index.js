'use strict'

const { DynamoDBClient, GetItemCommand } = require('@aws-sdk/client-dynamodb')
const session = require('express-session')
const DynamoDBStore = require('connect-dynamodb')({ session })

exports.session = session

exports.open = async ({ url, name }) => {
  const client = new DynamoDBClient({
    endpoint: url,
    region: 'local',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' }
  })
  const store = new DynamoDBStore({ client, table: name })
  await store.initialize()
  return {
    store,
    raw: async (sid) => {
      const { Item } = await client.send(
        new GetItemCommand({ TableName: name, Key: { id: { S: `sess:${sid}` } } })
      )
      return JSON.stringify(Item)
    }
  }
}
