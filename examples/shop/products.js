'use strict'

const products = [
  { id: 'tea', name: 'Tea', price: 4 },
  { id: 'coffee', name: 'Coffee', price: 6 },
  { id: 'biscuits', name: 'Biscuits', price: 3 }
]

function findProduct(id) {
  return products.find((product) => product.id === id)
}

module.exports = { findProduct, products }
