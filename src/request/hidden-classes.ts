/**
 * V8 before version 13 (Node 20 and 22): an object whose prototype has been replaced, as Express replaces that of each
 * request and response, gets a separate hidden class with each property that is added to it. So what Node's code has
 * learnt about the place of its properties does not help with the next one, and must be learnt again. This file goes when
 * Node 22 is no longer supported.
 */
const DIVERGE = Number.parseInt(process.versions.v8, 10) < 13

const PASSING: unique symbol = Symbol('express-session.passing')

/**
 * For speed alone: where the hidden classes of requests and responses diverge, has this one share the class of those that
 * have come before. Nothing else about it changes.
 *
 * An object that loses a property keeps the others in a table, and all such objects of a kind have one class, whatever is
 * added to them. What makes that worth its while is measured in docs/performance.md.
 *
 * @param message - a request or response
 */
export function shareHiddenClass(message: object & { [PASSING]?: unknown }): void {
  if (!DIVERGE || !hasOtherPrototype(message)) return
  message[PASSING] = undefined
  delete message[PASSING]
}

/** Whether it has been given another prototype than its class has. */
function hasOtherPrototype(message: object): boolean {
  const { constructor } = message as { constructor?: { prototype?: unknown } }
  return constructor?.prototype !== Object.getPrototypeOf(message)
}
