'use strict'

/**
 * connect-typeorm 2 answers a destroy when it has sent it, not when it is done, so that chance decides whether the next
 * request still finds the session. This lets it answer when the row has gone.
 */
module.exports = function waitForTypeorm(store, repository) {
  const { softDelete } = repository
  let deletion
  repository.softDelete = (...args) => (deletion = softDelete.apply(repository, args))

  const { destroy } = store
  store.destroy = (sid, callback) => {
    destroy(sid, (error) => {
      deletion.then(() => callback?.(error), callback)
    })
  }
  return store
}
