/**
 * What a session's data look like, to tell later whether they have changed: their JSON, but for its first brace, and without
 * the cookie, whose expiry moves with every request. Only the top-level `cookie` is left out; a nested property of
 * that name is data.
 *
 * @throws whatever `JSON.stringify` throws: TypeError for a BigInt or a circular reference, or an error of the data's own
 * getters and `toJSON` methods
 */
export function fingerprint(session: object): string {
  if (hasNoData(session)) return EMPTY

  // Data that say themselves what their JSON is are asked, as a store's own JSON.stringify would ask them.
  const data = saysItsOwnJson(session) ? session : { ...session, cookie: undefined }
  return String(JSON.stringify(data)).slice(1)
}

/** The fingerprint of a session without data: most visitors of most apps never get another one. */
const EMPTY = '}'

function hasNoData(session: object): boolean {
  for (const key in session) if (key !== 'cookie') return false
  return !saysItsOwnJson(session)
}

/** Whether the JSON of a session is not just that of its properties. */
export function saysItsOwnJson(session: object): boolean {
  return typeof (session as { toJSON?: unknown }).toJSON === 'function'
}

/** A session that a store has found, with the fingerprint that it has at hand. */
export class FoundSession<Session extends object> {
  constructor(
    readonly session: Session,
    readonly fingerprint: string
  ) {}
}
