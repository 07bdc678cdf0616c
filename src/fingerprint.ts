/**
 * What a session's data look like, to tell later whether they have changed: their JSON, without the cookie, whose expiry
 * moves with every request. Only the top-level `cookie` is left out; a nested property of that name is data.
 *
 * @throws whatever `JSON.stringify` throws: TypeError for a BigInt or a circular reference, or an error of the data's own
 * getters and `toJSON` methods
 */
export function fingerprint(session: object): string {
  // Data that say themselves what their JSON is are asked, as a store's own JSON.stringify would ask them.
  if (typeof (session as { toJSON?: unknown }).toJSON === 'function') return JSON.stringify(session)

  const data: Record<string, unknown> = { ...session }
  delete data['cookie']
  return JSON.stringify(data)
}
