import { isUint8Array } from 'node:util/types'
import { clearTimeout, setImmediate, setTimeout } from '../support/timers.js'
import type { ServerResponse } from 'node:http'
import type { Head } from './response-head.js'

export type Chunk = string | Uint8Array | null | undefined
type WriteCallback = (error?: Error) => void
export type Write = (
  chunk: Chunk,
  encoding?: BufferEncoding | WriteCallback,
  callback?: WriteCallback
) => boolean

/** Up to which size the last chunk of a body is held. Longer bodies stream. */
const MAX_BYTES = 64 * 1024

/** How long a chunk waits for an end that does not come, in milliseconds. */
const PATIENCE = 1000

/** A chunk of a body, with its encoding where it is text. */
export interface BodyChunk {
  readonly chunk: Chunk
  readonly encoding: BufferEncoding | undefined
}

/**
 * What an app writes of a body before it ends the response. A client acts on a body that is complete by its
 * `Content-Length`, whether the app has called `end()` yet or not: so the last chunk of such a body waits for the end.
 */
export class BodyBeforeEnd {
  private bytesWritten = 0
  private last: BodyChunk | undefined
  private timer: NodeJS.Timeout | undefined

  constructor(
    private readonly res: ServerResponse,
    private readonly innerWrite: Write,
    private readonly head: Head,
    private readonly announce: () => void
  ) {}

  write(chunk: Chunk, encoding: BufferEncoding | undefined, callback: WriteCallback | undefined): boolean {
    // Streams may end in a chunk without a byte: the body is complete as before.
    if (this.last && isEmpty(chunk, encoding)) {
      if (callback) setImmediate(callback)
      return true
    }
    const waiting = this.takeLast()
    if (waiting) this.sendNow(waiting)
    if (!this.completesBody(chunk, encoding)) return this.sendNow({ chunk, encoding }, callback)

    this.head.commit(this.res, undefined, this.announce)
    this.last = { chunk, encoding }
    // Who waits for this chunk before the end must not wait for the end.
    if (callback) setImmediate(callback)
    this.timer = setTimeout(this.giveUp.bind(this), PATIENCE)
    return true
  }

  /** The chunk that waits for the end, which is now to be sent with it. */
  takeLast(): BodyChunk | undefined {
    const { last } = this
    if (last) clearTimeout(this.timer)
    this.last = undefined
    return last
  }

  sendNow({ chunk, encoding }: BodyChunk, callback?: WriteCallback): boolean {
    const { res, innerWrite } = this
    this.head.proceed()
    // Who has wrapped `write` before may know of two arguments only.
    if (callback && encoding === undefined) return innerWrite.call(res, chunk, callback)
    return innerWrite.call(res, chunk, encoding, callback)
  }

  /** The app has sent all that it has to say, and forgotten the end. */
  private giveUp(): void {
    const last = this.takeLast()
    try {
      if (last) this.sendNow(last)
    } catch {
      breakOff(this.res)
    }
  }

  private completesBody(chunk: Chunk, encoding: BufferEncoding | undefined): boolean {
    const { res } = this
    // Where sessions are opened for an upgrade, this may be its socket.
    const length = typeof res.getHeader === 'function' ? Number(res.getHeader('Content-Length')) : 0
    if (!(length > 0 && length <= MAX_BYTES)) return false
    const bytes = byteLength(chunk, encoding)
    this.bytesWritten += bytes
    // Without a byte it is what Node refuses, and not the last of a body.
    return bytes > 0 && this.bytesWritten === length
  }
}

/** How many bytes of a body a chunk makes. */
export function byteLength(chunk: Chunk, encoding: BufferEncoding | undefined): number {
  if (!chunk) return 0
  return typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : chunk.byteLength
}

/** Whether a chunk has no byte. What Node refuses to write, such as null, is no chunk. */
function isEmpty(chunk: Chunk, encoding: BufferEncoding | undefined): boolean {
  if (typeof chunk !== 'string') return isUint8Array(chunk) && chunk.byteLength === 0
  return chunk === '' && !isUnknownEncoding(chunk, encoding)
}

/** Node's HTTP takes 'buffer' for an encoding, too. */
export function isUnknownEncoding(chunk: Chunk, encoding: unknown): boolean {
  if (typeof chunk !== 'string' || !encoding || encoding === 'buffer') return false
  return !Buffer.isEncoding(encoding as string)
}

/** Closes the connection of a response that cannot be finished. A stand-in may have none. */
export function breakOff(res: Partial<ServerResponse>): void {
  res.destroy?.()
}
