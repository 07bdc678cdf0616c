/// <reference types="node" preserve="true" />
// The path that express-session 1.x offered: require('express-session/session/session')
import { Session } from '../session/session.js'

export = Session
