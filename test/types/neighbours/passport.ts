import express from 'express'
import session from 'express-session'
import passport from 'passport'

declare module 'express-session' {
  interface SessionData {
    passport: { user?: string }
  }
}

const app = express()

app.use(session({ secret: 'keyboard cat', resave: false, saveUninitialized: false }))
app.use(passport.initialize())
app.use(passport.session())

app.post('/login', passport.authenticate('local'), (req, res) => {
  req.session.regenerate(() => res.json(req.session.passport?.user))
})

app.post('/logout', (req, res, next) => {
  req.logout({ keepSessionInfo: true }, (err) => {
    if (err) return next(err)
    res.redirect('/')
  })
})
