'use strict'

// Dead links: files that are not there, and anchors that their page does not have. Other sites are not asked.

const fs = require('node:fs')
const path = require('node:path')
const { anchorsOf, proseOf, withoutCode } = require('../markdown')
const { pages, root } = require('../pages')

const anchors = new Map()

/** @returns what is wrong, as `page:line message` */
function faultsOfLinks() {
  return pages().flatMap((page) => {
    const lines = proseOf(fs.readFileSync(path.join(root, page), 'utf8'))
    return lines.flatMap((line, index) =>
      linksOf(withoutCode(line)).flatMap((link) => {
        const fault = faultOf(page, link)
        return fault ? [`${page}:${index + 1} ${link}: ${fault}`] : []
      })
    )
  })
}

function linksOf(line) {
  const patterns = [
    /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g,
    /^\s*\[[^\]]+\]:\s*(\S+)/g,
    /(?:href|src)="([^"]*)"/g
  ]
  return patterns.flatMap((pattern) => [...line.matchAll(pattern)].map(([, link]) => link))
}

function faultOf(page, link) {
  if (/^[a-z][a-z+.-]*:/i.test(link)) return undefined
  const [place, anchor] = link.split('#')
  if (place.startsWith('/')) return 'is not relative'

  const file = place === '' ? page : path.posix.join(path.posix.dirname(page), decodeURI(place))
  if (file.startsWith('..')) return 'leads out of the repository'
  if (!isThere(file)) return 'there is no such file'
  if (anchor === undefined) return undefined
  if (!file.endsWith('.md'))
    return /^L\d+(-L\d+)?$/.test(anchor) ? undefined : 'no page of ours, and so no anchor'
  return anchorsIn(file).has(decodeURI(anchor)) ? undefined : 'there is no such heading'
}

/** By name, letter for letter: some disks take one case for the other, and web servers do not. */
function isThere(file) {
  const parts = path.posix.normalize(file).split('/')
  return parts.every((part, index) => {
    if (part === '' || part === '.') return true
    const folder = path.join(root, ...parts.slice(0, index))
    return (
      fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory() && fs.readdirSync(folder).includes(part)
    )
  })
}

function anchorsIn(file) {
  if (!anchors.has(file)) anchors.set(file, anchorsOf(fs.readFileSync(path.join(root, file), 'utf8')))
  return anchors.get(file)
}

module.exports = { faultsOfLinks }
