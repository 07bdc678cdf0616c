'use strict'

const express = require('express')

// One route for each thing that apps do with their session. All answer with what the session then is.

const routes = (module.exports = express.Router())

const show = (req, res) => {
  res.json({
    id: req.sessionID,
    session: req.session ?? null,
    // What JSON does not show of the cookie: the attributes that a store may read, and the type of its date.
    cookie: req.session && attributesOf(req.session.cookie),
    expires: req.session && Object.prototype.toString.call(req.session.cookie.expires)
  })
}

const attributesOf = (cookie) => Object.keys(cookie).filter((name) => typeof cookie[name] !== 'function')

/** Answers when a session method has called back. */
const then = (req, res, next, change) => (error) => {
  if (error) {
    next(error)
    return
  }
  change?.()
  show(req, res)
}

routes.use(express.json({ limit: '1mb' }))

routes.get('/look', show)

routes.post('/put', (req, res) => {
  Object.assign(req.session, req.body)
  show(req, res)
})

routes.post('/remove', (req, res) => {
  for (const key of req.body.keys) delete req.session[key]
  show(req, res)
})

routes.post('/nested', (req, res) => {
  req.session.cart.items[0].quantity += 1
  req.session.cart.items.push({ product: 'tea', quantity: 1 })
  show(req, res)
})

/** Values that JSON does not carry as they are. */
routes.post('/types', (req, res) => {
  Object.assign(req.session, {
    date: new Date(Date.UTC(2020, 1, 29)),
    missing: undefined,
    notANumber: NaN,
    list: [undefined, () => {}, -0],
    own: { toJSON: () => 'as it says itself' },
    map: new Map([['a', 1]])
  })
  show(req, res)
})

routes.post('/cookie', (req, res) => {
  const { expires, ...others } = req.body
  if (expires) others.expires = new Date(expires)
  Object.assign(req.session.cookie, others)
  show(req, res)
})

routes.post('/regenerate', (req, res, next) => {
  req.session.regenerate(then(req, res, next, () => Object.assign(req.session, req.body)))
})

routes.post('/regenerate-and-save', (req, res, next) => {
  req.session.regenerate((error) => {
    if (error) {
      next(error)
      return
    }
    Object.assign(req.session, req.body)
    req.session.save(then(req, res, next))
  })
})

routes.post('/destroy', (req, res, next) => {
  req.session.destroy(then(req, res, next))
})

routes.post('/unset', (req, res) => {
  req.session = null
  show(req, res)
})

routes.post('/delete', (req, res) => {
  delete req.session
  show(req, res)
})

routes.post('/save', (req, res, next) => {
  Object.assign(req.session, req.body)
  req.session.save(then(req, res, next))
})

routes.post('/change-and-reload', (req, res, next) => {
  Object.assign(req.session, req.body)
  req.session.reload(then(req, res, next))
})

/** Another request destroys the session between this one's load and its reload. */
routes.post('/reload-destroyed', (req, res, next) => {
  req.sessionStore.destroy(req.sessionID, (failed) => {
    if (failed) {
      next(failed)
      return
    }
    req.session.reload(then(req, res, next))
  })
})

routes.post('/touch', (req, res) => {
  req.session.touch()
  show(req, res)
})
