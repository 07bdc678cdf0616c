'use strict'

// What the page of devices shows of a session, so that a person knows which one it is.

// The first that fits: most browsers also bear the names of others.
const BROWSERS = [
  [/\bEdg(A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/(Chrome|CriOS|Chromium)\//, 'Chrome'],
  [/\bSafari\//, 'Safari']
]

const SYSTEMS = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMac OS X\b/, 'Mac'],
  [/\bLinux\b/, 'Linux']
]

const UNITS = [
  ['day', 24 * 60 * 60 * 1000],
  ['hour', 60 * 60 * 1000],
  ['minute', 60 * 1000]
]

const ago = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

// Of a session as sessionsOf() gives it; `here` names the one of the request.
function deviceOf({ ref, userAgent, ip, createdAt, lastSeenAt }, here) {
  return {
    ref,
    name: nameOf(userAgent),
    ip,
    isHere: ref === here,
    since: when(createdAt),
    seen: when(lastSeenAt)
  }
}

// Who asks may claim to be anything: it is for people to recognise, and for nothing else.
function nameOf(userAgent = '') {
  const browser = firstOf(BROWSERS, userAgent)
  const system = firstOf(SYSTEMS, userAgent)
  if (browser && system) return `${browser} on ${system}`
  return browser ?? system ?? (/^[\w.-]{1,30}/.exec(userAgent)?.[0] || 'Unknown device')
}

function firstOf(names, userAgent) {
  return names.find(([pattern]) => pattern.test(userAgent))?.[1]
}

function when(date) {
  const elapsed = Date.now() - date
  const [unit, length] = UNITS.find(([, milliseconds]) => elapsed >= milliseconds) ?? []
  return { at: date.toISOString(), text: unit ? ago.format(-Math.floor(elapsed / length), unit) : 'just now' }
}

module.exports = { deviceOf, nameOf }
