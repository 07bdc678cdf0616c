'use strict'

/**
 * Every difference from express-session 1.19.0 that a client, a store or an app of these conversations can see, with the
 * sentence of the contract that it comes from.
 *
 * Each turns what 1.19.0 did into what ours must do. It stands `at` a question that 1.19.0 answers while it serves a
 * request, gets that answer and the situation (see books.js), and gives the answer that ours must give. It never sees
 * ours: where a difference applies, ours must show it, and where none does ours must be as 1.19.0.
 */
const differences = [
  {
    name: 'the end waits for what is under way',
    reason:
      'What the session says when end() is called is what is stored in the end, also when a save of an earlier state is ' +
      'still under way then; end() waits for a save in flight.',
    at: 'waits',
    apply: (theirs, { books }) => books.underWay > 0
  },
  {
    name: 'an explicit save restarts the idle timeout',
    reason: 'An explicit save() restarts the idle timeout before it stores.',
    at: 'restarts the idle timeout',
    apply: (theirs, { session: { cookie } }) => cookie.originalMaxAge !== null || cookie.expires !== null
  },
  {
    name: 'the end does not restart the idle timeout once more',
    reason:
      'One call to the store where 1.19 makes two: the cookie that is sent expires when the stored one does.',
    at: 'restarts the idle timeout at the end',
    apply: (theirs, { isDone }) => theirs && !isDone
  },
  {
    name: 'a failed save does not count as saved',
    reason:
      'A save that failed does not count as saved; who has asked for one has it tried again at the end.',
    at: 'saves',
    apply: (theirs, { books, isStored, hasEnded, wasStored }) => {
      if (!books.saveHasFailed && !books.saveIsUndone) return theirs
      return hasEnded ? !wasStored : !isStored
    }
  },
  {
    name: 'regenerate and save are one write',
    reason: 'regenerate + save writes once.',
    at: 'saves',
    apply: (theirs, { books, isRenewed, isStored, hasEnded, wasStored }) =>
      theirs && !(isRenewed && ((isStored && books.stored.by === 'save') || (hasEnded && wasStored)))
  },
  {
    name: 'reloaded data are what is stored',
    reason: 'reload of unchanged data writes nothing.',
    at: 'saves',
    apply: (theirs, { books, isStored }) => theirs && !(isStored && books.stored.by === 'reload')
  },
  {
    name: 'what changes of the cookie after an explicit save is saved',
    reason:
      'What changes of the cookie after that (maxAge, an attribute) is stored at the end like any change.',
    at: 'saves',
    apply: (theirs, { isSavedByApp, change, hasEnded }) =>
      theirs || (isSavedByApp && !hasEnded && change() === 'attributes')
  },
  {
    name: 'an expiry that has moved since an explicit save is saved, if it cannot be touched',
    reason: 'As above, with a store that has no touch.',
    at: 'saves',
    apply: (theirs, { isSavedByApp, change, storeHasTouch, hasEnded }) =>
      theirs || (isSavedByApp && !hasEnded && !storeHasTouch && change() === 'expiry')
  },
  {
    name: 'a later save of the app is the last word',
    reason:
      'An explicit save() after end() stores what the session holds then: the end, if it still waits, stores no more.',
    at: 'saves',
    apply: (theirs, { books, session }) => theirs && books.savedLate !== session.id
  },
  {
    name: 'nothing is touched that was just saved, unless its expiry has moved since',
    reason: 'An explicit save() restarts the idle timeout: one call to the store where 1.19 makes two.',
    at: 'touches',
    apply: (theirs, { isSavedByApp, change }) => (isSavedByApp ? change() === 'expiry' : theirs)
  },
  {
    name: 'a later save of the app has restarted the idle timeout',
    reason: 'As above: it is the last word on the expiry, too.',
    at: 'touches',
    apply: (theirs, { books, session }) => theirs && books.savedLate !== session.id
  },
  {
    name: 'a session that was ended is not touched',
    reason: 'What has ended stays ended: nor by a touch that reads and writes.',
    at: 'touches',
    apply: (theirs, { hasEnded }) => theirs && !hasEnded
  },
  {
    name: 'a save under way is undone when the session ends',
    reason: 'What has ended stays ended: a store may carry out the two in any order.',
    at: 'is undone',
    apply: () => true
  },
  {
    name: 'a session that was saved explicitly gets its cookie',
    reason: 'An explicitly saved empty session gets its cookie.',
    at: 'sends its cookie',
    apply: (theirs, { books, id, isPresented }) => theirs || (!isPresented && books.askedFor.has(id))
  },
  {
    name: 'a changed idle timeout sends the cookie',
    reason: 'Setting only cookie.maxAge or expires sends the cookie: when originalMaxAge has changed.',
    at: 'sends its cookie',
    apply: (theirs, { books, session, isPresented }) =>
      theirs || (isPresented && session.cookie.originalMaxAge !== books.original.maxAge)
  },
  {
    name: 'nothing is destroyed that the request never had',
    reason: "unset: 'destroy' destroys nothing where the request never got a session (get failed).",
    at: 'destroys',
    apply: (theirs, { books }) => theirs && books.original !== undefined
  },
  {
    name: 'nothing is destroyed twice',
    reason: 'destroy is not asked for twice.',
    at: 'destroys',
    apply: (theirs, { books, id }) => theirs && books.destroyed !== id
  },
  {
    name: 'methods without a callback give a promise',
    reason: 'save, reload, destroy, regenerate without a callback return a promise, which nobody need await.',
    at: 'gives a promise',
    apply: () => true
  },
  {
    name: 'a reload that fails when the session is gone ends no process',
    reason: 'Never a hang, never a dead process.',
    at: 'survives',
    apply: () => true
  },
  {
    name: 'a response of one chunk keeps its length',
    reason: 'A single-chunk response keeps its Content-Length instead of turning chunked.',
    at: 'the length',
    apply: (theirs, { chunk, encoding }) => (chunk == null ? 0 : Buffer.byteLength(chunk, encoding))
  },
  {
    name: 'an error is heard of when the response is out',
    reason:
      "next(err) for a failed save comes when the response is out ('finish' or 'close'): no body is ever cut.",
    at: 'reports when the response is out',
    apply: () => true
  }
]

/** And what is always so: end() has Node's result, the response. */
function turnAlways(turn) {
  const flags = turn.flags.map((flag) =>
    flag.when === 'ended' ? { ...flag, returned: 'the response', second: 'the response' } : flag
  )
  return { ...turn, flags }
}

module.exports = { differences, turnAlways }
