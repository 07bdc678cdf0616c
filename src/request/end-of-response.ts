import { AsyncResource } from 'node:async_hooks'
import { ServerResponse as NodeResponse } from 'node:http'
import { isUint8Array } from 'node:util/types'
import { setImmediate, soon } from '../support/timers.js'
import { BodyBeforeEnd, breakOff, byteLength, isUnknownEncoding } from './body-before-end.js'
import { KeptSocket } from './kept-socket.js'
import { headOf, isHeadSent } from './response-head.js'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from '../support/store-call.js'
import type { Chunk, Write } from './body-before-end.js'
import type { Head } from './response-head.js'

/** Node's own methods, which send a chunk as it is. */
const { end: nodesEnd, write: nodesWrite } = NodeResponse.prototype

type EndCallback = (error?: Error) => void

type InnerEnd = (
  chunk?: Chunk,
  encoding?: BufferEncoding | EndCallback,
  callback?: EndCallback
) => ServerResponse

/** What is to be done at the end of a response. */
interface Plan {
  commit(done: Answer): void
}

/** What `res.end()` was called with. */
interface LastCall {
  chunk: Chunk
  encoding: BufferEncoding | undefined
  callback: EndCallback | undefined
}

/**
 * Has work done at the end of a response, before its end may leave: nothing of what `res.end()` was given, and no header
 * that has not been sent yet, reaches the client until the work is done. Knows nothing of sessions.
 *
 * For the app, the response has ended as ever: the headers are committed when `end()` returns, and nothing more can be
 * written. For all others it has not: servers that shut down, adapters and `on-finished` wait for it. Chunks that were
 * written before have gone their way; only the last one, already in memory, is held.
 *
 * @param req - the request
 * @param res - its response, or what stands in for one
 * @param plan - does the work when the app ends the response; tells when it is done, at once or later, or throws
 * @param announce - adds to the headers what belongs there, where nobody else asks for that
 * @param report - hears of an error in the work, when the response is out
 */
export function beforeEnd(
  req: IncomingMessage,
  res: ServerResponse,
  plan: Plan,
  announce: () => void,
  report: (error: unknown) => void
): void {
  const hold = new HeldEnd(req, res, plan, announce, report)
  res.end = hold.end.bind(hold) as ServerResponse['end']
  // A stand-in that takes no chunks is not to look as if it did.
  if (typeof res.write === 'function') res.write = hold.write.bind(hold) as ServerResponse['write']
}

/** The end of one response: open until the app ends it, held while the work is done, and then let go. */
class HeldEnd {
  /** Undefined on a stand-in that cannot be ended. */
  private readonly innerEnd: InnerEnd | undefined
  private readonly innerWrite: Write
  private readonly head: Head
  /** What the app has written before the end, if it has. */
  private body: BodyBeforeEnd | undefined
  private socket: KeptSocket | undefined

  private stage: 'open' | 'held' | 'over' = 'open'
  /** Of the end that counts: one whose head was refused does not. */
  private attempt = 0

  constructor(
    private readonly req: IncomingMessage,
    private readonly res: ServerResponse,
    private readonly plan: Plan,
    private readonly announce: () => void,
    private readonly report: (error: unknown) => void
  ) {
    this.innerEnd = res.end as InnerEnd | undefined
    this.innerWrite = res.write as Write
    this.head = headOf(req, res)
  }

  /** What the app calls as `res.write`. */
  write(chunk: Chunk, encoding?: BufferEncoding | EndCallback, callback?: EndCallback): boolean {
    if (typeof encoding === 'function') return this.write(chunk, undefined, encoding)
    if (this.stage === 'held') return refuseWrite(this.res, callback)
    this.body ??= new BodyBeforeEnd(this.res, this.innerWrite, this.head, this.announce)
    // The end that is being sent may be made of writes.
    if (this.stage === 'over') return this.body.sendNow({ chunk, encoding }, callback)
    return this.body.write(chunk, encoding, callback)
  }

  /** What the app calls as `res.end`. */
  end(
    chunk?: Chunk | EndCallback,
    encoding?: BufferEncoding | EndCallback,
    callback?: EndCallback
  ): ServerResponse {
    if (typeof chunk === 'function') return this.end(undefined, undefined, chunk)
    if (typeof encoding === 'function') return this.end(chunk, undefined, encoding)

    const { res } = this
    if (this.stage !== 'open') {
      if (callback) afterSecondEnd(res, callback)
      return res
    }

    // Node refuses these by throwing, and must do so now: the app can still answer with an error page.
    if (!isChunk(chunk)) return this.callEnd(chunk, encoding, callback)
    if (isUnknownEncoding(chunk, encoding)) throw unknownEncoding(encoding)

    return this.take({ chunk, encoding, callback })
  }

  private take(last: LastCall): ServerResponse {
    const { res, head } = this
    const attempt = ++this.attempt
    let isAnswered = false
    let isHeld = false
    this.stage = 'held'

    const done: Answer = (error) => {
      if (isAnswered || attempt !== this.attempt) return
      isAnswered = true
      if (error) reportWhenOut(res, this.report, error)
      if (isHeld) this.letGo(last)
    }

    try {
      try {
        this.plan.commit(done)
      } catch (error) {
        done(error)
      }
      // Listeners to the head may bring the answer about, too.
      if (!isAnswered) head.commit(res, byteLength(last.chunk, last.encoding), this.announce)
      if (isAnswered) return this.sendEnd(last)
    } catch (error) {
      // The headers or the body were refused (an invalid status code, say): the app can still end the response.
      this.stage = 'open'
      this.attempt++
      throw error
    }
    head.hold(res)
    this.socket = KeptSocket.of(this.req, res)
    this.socket?.hold(res)
    isHeld = true
    return res
  }

  private letGo(last: LastCall): void {
    const { res, report } = this
    this.socket?.letGo(res)
    // The app may have said so itself: Node refuses then to end it, by an event.
    if (res.writableEnded && typeof res.once === 'function') res.once('error', doNothing)
    try {
      this.sendEnd(last)
    } catch (error) {
      this.stage = 'held'
      last.callback?.(error as Error)
      if (!isHeadSent(res) && !isBodyRefused(error)) {
        this.stage = 'open'
        report(error)
      } else {
        // Part of it may be out: there is no way to answer otherwise, but to break off.
        breakOff(res)
        reportWhenOut(res, report, error)
      }
    }
  }

  private sendEnd({ chunk, encoding, callback }: LastCall): ServerResponse {
    this.stage = 'over'
    this.head.proceed()
    const waiting = this.body?.takeLast()
    // One packet of two. Somebody else's `end` or `write` may change what it is given, and so gets what the app gave to it.
    if (waiting && byteLength(chunk, encoding) === 0 && this.isNodes()) {
      return this.callEnd(waiting.chunk, waiting.encoding, callback)
    }
    if (waiting) this.body?.sendNow(waiting)
    return this.callEnd(chunk, encoding, callback)
  }

  private isNodes(): boolean {
    return this.innerEnd === nodesEnd && this.innerWrite === nodesWrite
  }

  private callEnd(
    chunk: Chunk,
    encoding: BufferEncoding | undefined,
    callback: EndCallback | undefined
  ): ServerResponse {
    const { res, innerEnd } = this
    if (!innerEnd) return res
    // Who has wrapped `end` before may know of two arguments only.
    if (callback && encoding === undefined) return innerEnd.call(res, chunk, callback)
    return innerEnd.call(res, chunk, encoding, callback)
  }
}

/**
 * Reports an error when a response has been sent, or never will be.
 *
 * @param res - the response; a stand-in without events counts as sent
 * @param report - called once, in the asynchronous context of this call
 */
export function reportWhenOut(res: ServerResponse, report: (error: unknown) => void, error: unknown): void {
  let reported = false
  const once = AsyncResource.bind(() => {
    if (reported) return
    reported = true
    report(error)
  })

  if (res.writableFinished || res.destroyed || typeof res.once !== 'function') {
    setImmediate(once)
  } else {
    res.once('finish', once)
    res.once('close', once)
  }
}

/** By Bun before the head is sent, and then it refuses the body of an error page, too. */
function isBodyRefused(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === 'ERR_HTTP_BODY_NOT_ALLOWED'
}

function isChunk(chunk: unknown): chunk is Chunk {
  // Node takes whatever is falsy for "no chunk". Test environments have a Uint8Array of their own.
  return !chunk || typeof chunk === 'string' || isUint8Array(chunk)
}

function unknownEncoding(encoding: unknown): Error {
  return Object.assign(new TypeError(`Unknown encoding: ${String(encoding)}`), {
    code: 'ERR_UNKNOWN_ENCODING'
  })
}

/**
 * As Node refuses a write after the end; but where nobody listens to errors it does not bring the process down. Nor does it where a
 * stream is piped into the response, which would take the error for one of its own: it waits, and is let go when the response is out.
 */
function refuseWrite(res: ServerResponse, callback: EndCallback | undefined): boolean {
  const error = Object.assign(new Error('write after end'), { code: 'ERR_STREAM_WRITE_AFTER_END' })
  soon(() => {
    callback?.(error)
    if (res.destroyed || typeof res.listenerCount !== 'function') return
    if (res.listenerCount('error') > 0 && res.listenerCount('unpipe') === 0) res.emit('error', error)
  })
  return false
}

function doNothing(): void {
  // The client has what has been sent.
}

/** To Node a callback given to a second `end()` is one more listener, or too late. */
function afterSecondEnd(res: ServerResponse, callback: EndCallback): void {
  if (!res.writableFinished && typeof res.once === 'function') {
    res.once('finish', callback)
    return
  }
  const late = Object.assign(new Error('Cannot call end after a stream was finished'), {
    code: 'ERR_STREAM_ALREADY_FINISHED'
  })
  setImmediate(callback, late)
}
