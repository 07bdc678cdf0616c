import path from 'node:path'
import lowdbStore from 'connect-lowdb'
import session from 'express-session'
import { Low } from 'lowdb'
import { JSONFile } from 'lowdb/node'

export { session }

const LowdbStore = lowdbStore(session)

export async function open({ folder }) {
  const db = new Low(new JSONFile(path.join(folder, 'sessions.json')), { sessions: [] })
  return {
    store: new LowdbStore({ db }),
    raw: async (sid) => JSON.stringify(db.data.sessions.find((stored) => stored.sid === sid))
  }
}
