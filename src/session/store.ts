// The path that express-session 1.x offered: require('express-session/session/store')
import { Store } from '../store.js'

export = Store
