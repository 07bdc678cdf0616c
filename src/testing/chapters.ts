import { data } from './clauses/data.js'
import { everyStore } from './clauses/every-store.js'
import { expiry } from './clauses/expiry.js'
import { ids } from './clauses/ids.js'
import { touch } from './clauses/touch.js'
import { update } from './clauses/update.js'
import { all, clear, length } from './clauses/whole-store.js'
import type { Chapter } from './clause.js'

/** The whole contract. */
export const CHAPTERS: readonly Chapter[] = [everyStore, ids, data, expiry, touch, all, length, clear, update]
