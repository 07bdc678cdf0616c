import { inspect } from 'node:util'

/** Of a text, in characters: enough to know it again. */
const MOST = 24

/** What a message shows of a value that should be another: nothing of what lies in an object, which may be a secret. */
export function shown(value: unknown): string {
  if (typeof value === 'string') {
    return value.length > MOST ? `${inspect(value.slice(0, MOST))}...` : inspect(value)
  }
  if (typeof value === 'function') return value.name ? `the function ${value.name}` : 'a function'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) return `an object (${nameOfClass(value)})`
  return inspect(value)
}

function nameOfClass(value: object): string {
  const { constructor } = value as { constructor?: { name?: unknown } }
  return typeof constructor?.name === 'string' && constructor.name ? constructor.name : 'Object'
}
