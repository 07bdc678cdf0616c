type AnyClass = abstract new (...args: never[]) => object

/** How the members of a prototype look to those who list them. */
export interface MemberShape {
  /** Whether `for in` comes to the methods and accessors: those of 1.x that were assigned one by one show there. */
  enumerable: boolean
  /** Whether the prototype names its constructor; that of `Cookie` never did. */
  hasConstructor: boolean
}

/**
 * Decorates a class: gives it a constructor that may be called without `new`, on a `this` prepared by the caller.
 *
 * About a third of the stores on npm were written before `class`: they call `session.Store.call(this, options)` after
 * `util.inherits`, which an ES class refuses ("cannot be invoked without 'new'"). A plain function accepts both, and
 * `class MyStore extends Store` too. So each of the four public classes is written as a class, for its methods and its
 * types, and constructed by a function.
 *
 * @param construct - initialises `this`, however it was made; the class's own constructor never runs
 * @param shape - of the prototype's members, as in 1.x: stores copy a cookie by `for in`, and rely on what they find
 */
export function callable<Class extends AnyClass>(
  construct: (this: InstanceType<Class>, ...args: ConstructorParameters<Class>) => void,
  { enumerable, hasConstructor }: MemberShape
): (Class: Class) => Class {
  return (Class) => {
    const prototype = Class.prototype as object
    for (const name of Object.getOwnPropertyNames(prototype)) {
      if (name !== 'constructor') Object.defineProperty(prototype, name, { enumerable })
    }
    construct.prototype = prototype
    const parent = Object.getPrototypeOf(Class) as object
    Object.setPrototypeOf(construct, parent)
    // As `util.inherits` leaves it.
    if (parent !== Function.prototype) {
      Object.defineProperty(construct, 'super_', { value: parent, configurable: true, writable: true })
    }
    if (!hasConstructor) {
      Reflect.deleteProperty(prototype, 'constructor')
    } else {
      Object.defineProperty(prototype, 'constructor', {
        value: construct,
        configurable: true,
        enumerable: false,
        writable: true
      })
    }
    return construct as unknown as Class
  }
}
