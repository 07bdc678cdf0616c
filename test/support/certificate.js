'use strict'

// A certificate that signs itself, for tests over https. It is made by hand: Node.js can read certificates, and make none.

const { generateKeyPairSync, sign } = require('node:crypto')

/** The structures of X.509, in DER: a tag, a length, and what is in it. */
const der = (tag, ...parts) => {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}
const sequence = (...parts) => der(0x30, ...parts)
const set = (...parts) => der(0x31, ...parts)
const integer = (...bytes) => der(2, Buffer.from(bytes))
const bits = (bytes) => der(3, Buffer.from([0]), bytes)
const objectId = (hex) => der(6, Buffer.from(hex, 'hex'))
const text = (value) => der(12, Buffer.from(value))
const time = (value) => der(23, Buffer.from(value))

const COMMON_NAME = objectId('550403')
const ECDSA_WITH_SHA256 = sequence(objectId('2a8648ce3d040302'))

/** The key and the certificate of `localhost`, in PEM, as `https.createServer` takes them. */
function certificate() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = sequence(set(sequence(COMMON_NAME, text('localhost'))))
  const content = sequence(
    der(0xa0, integer(2)),
    integer(1),
    ECDSA_WITH_SHA256,
    name,
    sequence(time('200101000000Z'), time('491231235959Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' })
  )
  const signed = sequence(content, ECDSA_WITH_SHA256, bits(sign('sha256', content, privateKey)))
  const lines = signed.toString('base64').match(/.{1,64}/g)
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
  }
}

module.exports = { certificate }
