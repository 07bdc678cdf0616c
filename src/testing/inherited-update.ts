import { MemoryStore } from '../stores/memory-store.js'
import { HOUR } from './tried-store.js'
import type { TriedStore } from './tried-store.js'

/**
 * Whether a store has the `update` of `MemoryStore`, and keeps its sessions elsewhere. Its author has not written that method. The
 * middleware can use it, within one process; it is no promise that others can write meanwhile.
 */
export async function inheritsUpdate(tried: TriedStore): Promise<boolean> {
  const { store } = tried
  if (!(store instanceof MemoryStore) || store.update !== MemoryStore.prototype.update) return false
  const id = tried.newId()
  await tried.set(id, {}, { maxAge: HOUR })
  const isElsewhere = Object.keys(Object(store.sessions) as object).length === 0
  await tried.destroy(id)
  return isElsewhere
}
