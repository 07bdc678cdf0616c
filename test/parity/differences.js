'use strict'

/**
 * Every difference from express-session 1.19.0 that a client or a store can see, with its reason. Each has a function that
 * makes of what happened with 1.19.0 what should happen with ours: it gets both turns (what the client saw, what the store
 * was asked, what it holds) and the request, and changes `theirs` in place if the difference applies. Whatever differs
 * after that is a fault of ours.
 */
const differences = [
  {
    name: 'Content-Length is kept',
    reason: 'A response of one chunk is sent in one write, with its length, where 1.19.0 makes it chunked.',
    apply({ theirs, ours }) {
      const { headers } = theirs.response
      const length = ours.response.headers['content-length']
      if (
        headers['transfer-encoding'] !== 'chunked' ||
        length !== String(Buffer.byteLength(ours.response.body))
      )
        return
      delete headers['transfer-encoding']
      headers['content-length'] = length
    }
  },
  {
    name: 'a HEAD, 204 or 304 response without a body is ended as Node ends it',
    reason: 'The end is handed to Node whole: the header it sends for an empty body is its own.',
    apply({ theirs, ours }) {
      if (ours.response.headers['content-length'] === '0' && !theirs.response.headers['content-length']) {
        theirs.response.headers['content-length'] = '0'
        delete theirs.response.headers['transfer-encoding']
      }
    }
  },
  {
    name: 'a session saved explicitly gets its cookie',
    reason: 'Who saves an empty session wants to find it again; 1.19.0 stores it and tells nobody its id.',
    apply: ({ theirs, ours, request }) => takeCookie(theirs, ours, request, ['save'])
  },
  {
    name: 'a changed idle timeout sends the cookie',
    reason: 'Setting cookie.maxAge or cookie.expires alone is a change that the browser must hear of.',
    apply: ({ theirs, ours, request }) =>
      takeCookie(theirs, ours, request, [
        'setMaxAge',
        'setExpires',
        'dropExpires',
        'resetMaxAge',
        'reload',
        'touch'
      ])
  },
  {
    name: 'nothing is destroyed twice',
    reason: "With unset: 'destroy', 1.19.0 destroys once more what the app has just destroyed.",
    apply({ theirs, request }) {
      const destroyed = answered(theirs, 'destroy')
      if (request.operations.includes('destroy') && destroyed) dropLast(theirs, 'destroy')
    }
  },
  {
    name: 'nothing is touched or saved right after it was saved',
    reason: 'The save has restarted the idle timeout; and regenerate and save are one write.',
    apply({ theirs, ours, request }) {
      if (!request.operations.includes('save') || !answered(theirs, 'save')) return
      // If that touch fails, its error goes too.
      if (theirs.log.at(-1)?.[0] === 'next' && theirs.log.at(-2)?.[0] === 'touch') theirs.log.pop()
      if (theirs.log.length !== ours.log.length + 1) return
      // The write that is left has stored a cookie of its own moment.
      if (dropLast(theirs, 'touch') || dropLast(theirs, 'set')) theirs.stored = ours.stored
    }
  },
  {
    name: 'a failed save does not count as saved',
    reason: 'The end of the response tries again, and the app hears of it by next() if that fails too.',
    apply({ theirs, ours, request }) {
      if (request.failing !== 'set' || !request.operations.includes('save')) return
      const { log } = ours
      const [set, next] = log.slice(-2)
      if (set?.[0] !== 'set' || next?.[0] !== 'next' || theirs.log.length >= log.length) return
      const touch = theirs.log.at(-1)
      if (touch?.[0] === 'touch') {
        theirs.log.pop()
        theirs.stored = ours.stored
      }
      theirs.log.push(set, next)
    }
  },
  {
    name: 'a failed destroy is tried again, as before, but heard of once the response is out',
    reason: 'next(err) never cuts a response that is being sent.',
    apply({ theirs, ours }) {
      if (theirs.response.end === 'cut' && ours.response.end === 'complete') theirs.response = ours.response
    }
  },
  {
    name: 'reloaded data are what is stored',
    reason: '1.19.0 compares them with what was there before, and writes back what it has just read.',
    apply({ theirs, ours, request }) {
      if (!request.operations.includes('reload') || !answered(theirs, 'reload')) return
      // If that write fails, its error goes too.
      const isHeardOf = theirs.log.at(-1)?.[0] === 'next' && theirs.log.at(-2)?.[0] === 'set'
      if (isHeardOf && ours.log.at(-1)?.[0] !== 'next') theirs.log.pop()
      const last = theirs.log.at(-1)
      if (last?.[0] !== 'set') return
      if (theirs.log.length === ours.log.length + 1) theirs.log.pop()
      else if (ours.log.at(-1)?.[0] === 'touch' && last[2] === ours.log.at(-1)[2])
        theirs.log[theirs.log.length - 1] = ours.log.at(-1)
    }
  }
]

/** Takes over a cookie that only ours sends, after one of these operations. */
function takeCookie(theirs, ours, request, operations) {
  const setCookie = ours.response.headers['set-cookie']
  if (!setCookie || theirs.response.headers['set-cookie']) return
  if (request.operations.some((name) => operations.includes(name)))
    theirs.response.headers['set-cookie'] = setCookie
}

/** Whether a method of the session was answered without an error. */
function answered({ log }, method) {
  return log.some(([what, error]) => what === `${method} answered` && error === null)
}

function dropLast({ log }, method) {
  if (log.at(-1)?.[0] !== method) return false
  log.pop()
  return true
}

module.exports = { differences }
