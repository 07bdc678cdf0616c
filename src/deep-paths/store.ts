/// <reference types="node" preserve="true" />
// The path that express-session 1.x offered: require('express-session/session/store')
import { Store } from '../stores/store.js'

export = Store
