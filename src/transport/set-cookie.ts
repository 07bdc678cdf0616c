import type { ServerResponse } from 'node:http'

/** Adds a cookie to those that a response sets. */
export function addCookie(res: ServerResponse, text: string): void {
  const others = res.getHeader('Set-Cookie') as string | string[] | undefined
  res.setHeader('Set-Cookie', others ? ([] as string[]).concat(others, text) : [text])
}

/** Whether a response sets, or removes, a cookie of a name. */
export function setsCookie(res: ServerResponse, name: string): boolean {
  const cookies = res.getHeader('Set-Cookie')
  if (cookies === undefined) return false
  return ([] as unknown[]).concat(cookies).some((text) => String(text).startsWith(`${name}=`))
}
