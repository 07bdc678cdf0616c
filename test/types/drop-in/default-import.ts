// import session from, as most apps do.
import express from 'express'
import session from 'express-session'

const app = express()

app.use(session({ secret: 'keyboard cat', resave: false, saveUninitialized: false }))

app.get('/', (req, res) => {
  res.json({ id: req.sessionID, same: req.session.id, cookie: req.session.cookie })
})

// The types hang on the default import.
const options: session.SessionOptions = { secret: ['new', 'old'], cookie: { maxAge: 60_000 } }
const store: session.Store = new session.MemoryStore()
session({ ...options, store })
session()
