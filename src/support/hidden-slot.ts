/** A constructor that returns what it is given: a class that extends it puts its private fields on that. */
const Given = function (object: object) {
  return object
} as unknown as new (object: object) => object

/** A place on any object for one value that only its maker can see. */
export interface HiddenSlot<Value> {
  get(object: object): Value | undefined
  set(object: object, value: Value | undefined): void
  /** Whether the object has been given a value, be it undefined. */
  isOn(object: object): boolean
}

/**
 * Makes a slot: a private field that can be put on objects of any class. It shows in no loop, no log and no list of
 * properties, and goes when its object goes. (A hidden property takes ten times as long to define.)
 */
export function hiddenSlot<Value>(): HiddenSlot<Value> {
  return class Slot extends Given {
    #value: Value | undefined

    private constructor(object: object, value: Value | undefined) {
      super(object)
      this.#value = value
    }

    static get(object: object): Value | undefined {
      return #value in object ? object.#value : undefined
    }

    static set(object: object, value: Value | undefined): void {
      if (#value in object) object.#value = value
      else new Slot(object, value)
    }

    static isOn(object: object): boolean {
      return #value in object
    }
  }
}
