'use strict'

// Reading a page of Markdown line by line: its prose without its code, and the anchors of its headings.

/** The lines of a page; those of code blocks, comments and front matter are empty, so that line numbers stay. */
function proseOf(text) {
  let fence
  let isComment = false
  return text.split('\n').map((line) => {
    const [, mark] = /^[\s>]*(`{3,}|~{3,})/.exec(line) ?? []
    if (fence) {
      if (line.trim() === fence) fence = undefined
      return ''
    }
    if (isComment) {
      isComment = !line.includes('-->')
      return ''
    }
    if (mark) {
      fence = mark
      return ''
    }
    if (line.trim().startsWith('<!--')) {
      isComment = !line.includes('-->')
      return ''
    }
    return line
  })
}

/** Without what stands between backticks. */
function withoutCode(line) {
  return line.replace(/(`+)(?!`).*?[^`]\1(?!`)/g, '')
}

/** The anchors of a page, as GitHub makes them of its headings, and those that it sets itself. */
function anchorsOf(text) {
  const anchors = new Set()
  const count = new Map()
  for (const line of proseOf(text)) {
    for (const [, id] of line.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id)
    const [, heading] = /^#{1,6}\s+(.*?)\s*#*$/.exec(line) ?? []
    if (heading === undefined) continue

    const slug = slugOf(heading)
    const before = count.get(slug) ?? 0
    count.set(slug, before + 1)
    anchors.add(before === 0 ? slug : `${slug}-${before}`)
  }
  return anchors
}

function slugOf(heading) {
  return heading
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/<[^>]+>/g, '')
    .replace(/(^|[^\w\\])_{1,2}([^_]+)_{1,2}(?!\w)/g, '$1$2')
    .replace(/\\(?=[^\w\s])/g, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
    .replaceAll(' ', '-')
}

module.exports = { anchorsOf, proseOf, withoutCode }
