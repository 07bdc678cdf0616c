'use strict'

// The stores that are tried: all configurations, and those that examples/stores gives an `update`.

const configurations = require('../configurations/list')
const { titleOf } = require('../harness/titles')
const merging = require('../additions/merge/stores')

/** Opens one of the latter: what ./on-a-store.js wants of a configuration. */
exports.open = async ({ url, name }) => {
  const [title] = Object.keys(merging).filter((each) => name.endsWith(idOf(each)))
  const { withUpdate } = await merging[title].open(url, { prefix: `${name}:` })
  return { store: withUpdate() }
}

exports.stores = [
  ...configurations,
  ...Object.entries(merging).map(([title, { server }]) => ({
    id: idOf(title),
    name: `${title}, with the update of examples/stores`,
    module: '../contract/stores.js',
    server
  }))
]

exports.nameOf = (id) => {
  const store = exports.stores.find((each) => each.id === id)
  return store.name ?? titleOf(store)
}

function idOf(title) {
  return `update-${title.replace(/\W+/g, '-')}`
}
