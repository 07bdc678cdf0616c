'use strict'

const { execFileSync } = require('node:child_process')
const { X509Certificate, createHash } = require('node:crypto')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

// Makes a certificate for localhost, app.test, www.app.test and login.test: its key, itself, and the pin by which Chromium can be told to
// take it for one without errors. Where an error is only waved through, device-bound sessions stay off.
function makeCertificate() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'session-certificate-'))
  const files = { key: path.join(folder, 'key.pem'), cert: path.join(folder, 'cert.pem') }
  try {
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'],
        ...['-keyout', files.key, '-out', files.cert, '-subj', '/CN=localhost'],
        ...[
          '-addext',
          'subjectAltName=DNS:localhost,DNS:app.test,DNS:www.app.test,DNS:login.test,IP:127.0.0.1'
        ]
      ],
      { stdio: 'ignore' }
    )
    const key = fs.readFileSync(files.key)
    const cert = fs.readFileSync(files.cert)
    const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' })
    return { key, cert, pin: createHash('sha256').update(spki).digest('base64') }
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
}

module.exports = { makeCertificate }
