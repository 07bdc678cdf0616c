'use strict'

// A misspelt name is known for what it is meant to be, and another name is not.

const assert = require('node:assert/strict')
const { nearestName } = require('../../dist/support/nearest-name.js')

const NAMES = ['key', 'name', 'resave', 'transport', 'concurrency', 'saveUninitialized', 'path', 'encode']

describe('the nearest name', () => {
  for (const [given, nearest] of [
    ['RESAVE', 'resave'],
    ['re-save', 'resave'],
    ['resaves', 'resave'],
    ['resvae', 'resave'],
    ['rsave', 'resave'],
    ['save_uninitialized', 'saveUninitialized'],
    ['saveUnInitialised', 'saveUninitialized'],
    ['saveUnitialized', 'saveUninitialized'],
    ['concurency', 'concurrency'],
    ['Key', 'key']
  ]) {
    it(`of ${given} is ${nearest}`, () => {
      assert.equal(nearestName(given, NAMES), nearest)
    })
  }

  for (const given of [
    '',
    '_',
    'keys',
    'same',
    'game',
    'decode',
    'transform',
    'save',
    'ttl',
    'x'.repeat(10_000)
  ]) {
    it(`of ${given.slice(0, 20) || 'nothing'} is none`, () => {
      assert.equal(nearestName(given, NAMES), undefined)
    })
  }
})
