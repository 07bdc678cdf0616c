module.exports = { autocannon: require('autocannon') }
