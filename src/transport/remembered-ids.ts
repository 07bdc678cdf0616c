import { isAnyArrayBuffer } from 'node:util/types'
import { ownText } from '../support/own-text.js'
import type { Secret } from './signed-ids.js'

/** How many signed ids are remembered, and how long they may be: three megabytes at most. */
const MAX_IDS = 4096
const MAX_LENGTH = 256

/**
 * Remembers which signed ids have verified, since a visitor sends the same one with each request. Nobody can fill the memory
 * with others, for only valid ones get there; and when the secrets change all is forgotten. A value is found only if it is
 * the same to the last character, and the time that takes tells nothing about a signature: seeded hashes are compared
 * first.
 */
export class RememberedIds {
  private readonly ids = new Map<string, string>()
  /** Of these, those that the first secret has signed: what signing the id would give. */
  private readonly values = new Map<string, string>()

  private secrets: readonly Secret[] = []
  /** Whether they stay the same as long as they are the same objects. */
  private lasting = true

  /** The id in a signed value that has verified under these secrets. */
  idOf(value: string, secrets: readonly Secret[]): string | undefined {
    this.forgetOtherSecrets(secrets)
    return this.ids.get(value)
  }

  /** The signed value of an id, if it has verified under the first of these secrets. */
  valueOf(id: string, secrets: readonly Secret[]): string | undefined {
    this.forgetOtherSecrets(secrets)
    return this.values.get(id)
  }

  /**
   * @param value - as it was presented
   * @param signed - what the first secret makes of the id; undefined where another has signed it
   */
  remember(value: string, id: string, signed: string | undefined): void {
    if (!this.lasting || value.length > MAX_LENGTH) return
    if (this.ids.size === MAX_IDS) this.forget()

    const ownId = ownText(id)
    this.ids.set(ownText(value), ownId)
    if (signed !== undefined) this.values.set(ownId, ownText(signed))
  }

  private forgetOtherSecrets(secrets: readonly Secret[]): void {
    if (haveSameElements(this.secrets, secrets)) return
    this.forget()
    this.secrets = [...secrets]
    // The bytes of a Buffer can change while it stays the same Buffer: nothing is remembered under such a key.
    this.lasting = !secrets.some((secret) => ArrayBuffer.isView(secret) || isAnyArrayBuffer(secret))
  }

  private forget(): void {
    this.ids.clear()
    this.values.clear()
  }
}

function haveSameElements(some: readonly unknown[], others: readonly unknown[]): boolean {
  if (some.length !== others.length) return false
  for (let i = 0; i < some.length; i++) if (some[i] !== others[i]) return false
  return true
}
