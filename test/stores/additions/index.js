'use strict'

// What options add, on real servers. Each file resolves with whether all is well.
//
// `node test/stores/run.js additions` tries only these.

const TRIED = [require('./merge')]

module.exports = async function additions() {
  let passed = true
  for (const one of TRIED) passed = (await one()) && passed
  return passed
}
