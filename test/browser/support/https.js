'use strict'

const { execFileSync } = require('node:child_process')
const { X509Certificate, createHash } = require('node:crypto')
const fs = require('node:fs')
const https = require('node:https')
const os = require('node:os')
const path = require('node:path')

/** Serves an app over https, as `https://localhost`, with a certificate that is made for it. */
async function serveHttps(app) {
  const server = https.createServer(makeCertificate(['localhost']), app).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.on('listening', resolve))
  const { port } = server.address()
  return {
    url: `https://localhost:${port}`,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    }
  }
}

/** A certificate for these hosts: its key, itself, and the pin by which Chromium can be told that it is a good one. */
function makeCertificate(hosts) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'certificate-'))
  const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')]
  const names = `subjectAltName=${hosts.map((host) => `DNS:${host}`).join()}`
  try {
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
        ...['-subj', `/CN=${hosts[0]}`, '-addext', names, '-keyout', key, '-out', cert]
      ],
      { stdio: 'ignore' }
    )
    const made = { key: fs.readFileSync(key), cert: fs.readFileSync(cert) }
    const spki = new X509Certificate(made.cert).publicKey.export({ type: 'spki', format: 'der' })
    return { ...made, pin: createHash('sha256').update(spki).digest('base64') }
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
}

module.exports = { makeCertificate, serveHttps }
