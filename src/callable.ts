type AnyClass = abstract new (...args: never[]) => object

/**
 * Decorates a class: gives it a constructor that may be called without `new`, on a `this` prepared by the caller.
 *
 * About a third of the stores on npm were written before `class`: they call `session.Store.call(this, options)` after
 * `util.inherits`, which an ES class refuses ("cannot be invoked without 'new'"). A plain function accepts both, and
 * `class MyStore extends Store` too. So each of the four public classes is written as a class, for its methods and its
 * types, and constructed by a function.
 *
 * @param construct - initialises `this`, however it was made; the class's own constructor never runs
 */
export function callable<Class extends AnyClass>(
  construct: (this: InstanceType<Class>, ...args: ConstructorParameters<Class>) => void
): (Class: Class) => Class {
  return (Class) => {
    Object.setPrototypeOf(construct, Object.getPrototypeOf(Class) as object)
    construct.prototype = Class.prototype as object
    Object.defineProperty(construct.prototype, 'constructor', {
      value: construct,
      configurable: true,
      enumerable: false,
      writable: true
    })
    return construct as unknown as Class
  }
}
