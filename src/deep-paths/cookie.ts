/// <reference types="node" preserve="true" />
// The path that express-session 1.x offered: require('express-session/session/cookie')
import { Cookie } from '../session/cookie.js'

export = Cookie
