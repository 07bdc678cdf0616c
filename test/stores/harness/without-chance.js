'use strict'

/**
 * Takes out of an observation what differs from run to run: session ids become `#1`, `#2`, ... in the order they appear,
 * dates and times `<time>`, encrypted text `<...>`. Everything else stays as it was seen.
 */
class WithoutChance {
  constructor() {
    this.ids = new Map()
  }

  of(value) {
    if (typeof value === 'string') return this.text(value)
    if (Array.isArray(value)) return value.map((inner) => this.of(inner))
    if (value && typeof value === 'object') {
      return Object.fromEntries(
        Object.entries(value).map(([key, inner]) => [
          this.text(key),
          key === 'originalMaxAge' && typeof inner === 'number' ? age(inner) : this.of(inner)
        ])
      )
    }
    if (typeof value === 'number' && isTime(value)) return '<time>'
    return value
  }

  text(text) {
    return (
      text
        // Each run has a folder of its own.
        .replace(/\/[\w\-./]*-(ours|upstream)\//g, '<folder>/')
        // A session id is 32 characters of base64url; in a cookie its signature follows.
        .replace(/(?<![\w-])(s%3A)?([\w-]{32})(?![\w-])(\.[^;\s]+)?/g, (all, prefix, id) =>
          this.nameOf(id, prefix)
        )
        .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?/g, (date) =>
          isFixed(date) ? wholeSeconds(date) : '<time>'
        )
        .replace(/(Expires=)[^;]+/g, '$1<time>')
        .replace(/(originalMaxAge\W+)(\d+)/g, (all, name, number) => name + age(Number(number)))
        .replace(/\b1[6-9]\d{8}(\d{3})?(\.\d+)?\b/g, '<time>')
    )
  }

  nameOf(id, prefix) {
    if (!this.ids.has(id)) this.ids.set(id, `#${this.ids.size + 1}`)
    return (prefix ? 'signed ' : '') + this.ids.get(id)
  }
}

/** 1.19.0 reads the clock twice: of the age that an app sets, a millisecond or two may be missing. */
function age(number) {
  return number > 1e9 ? '<time left>' : Math.round(number / 1000) * 1000
}

/** A date that a scenario chose itself. */
function isFixed(date) {
  return date.startsWith('2020-') || date.startsWith('2037-')
}

/** For the same reason as in `age`. */
function wholeSeconds(date) {
  return date.replace(/\.\d+/, '.000')
}

/** Seconds or milliseconds since 1970, of these years. */
function isTime(number) {
  return (number > 1.6e9 && number < 2e9) || (number > 1.6e12 && number < 2e12)
}

module.exports = { WithoutChance }
