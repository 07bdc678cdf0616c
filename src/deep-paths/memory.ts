/// <reference types="node" preserve="true" />
// The path that express-session 1.x offered: require('express-session/session/memory')
import { MemoryStore } from '../stores/memory-store.js'

export = MemoryStore
