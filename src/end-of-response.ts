import { AsyncResource } from 'node:async_hooks'
import { ServerResponse } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { Answer } from './store-call.js'

type Chunk = string | Uint8Array | null | undefined
type EndCallback = (error?: Error) => void

/** Where Node itself keeps the length of a body that `end()` was given whole, until it renders the headers. */
interface OutgoingLength {
  _contentLength?: number | null
}

/**
 * Has work done at the end of a response, before its end may leave: nothing of what `res.end()` was given, and no header
 * that has not been sent yet, reaches the client until the work is done. Knows nothing of sessions.
 *
 * For the app, the response has ended as ever: the headers are committed when `end()` returns, and nothing more can be
 * written. Chunks that were written before have gone their way; only the last one, already in memory, is held.
 *
 * @param req - the request
 * @param res - its response
 * @param plan - does the work when the app ends the response; tells when it is done, at once or later, or throws
 * @param report - hears of an error in the work, when the response is out
 */
export function beforeEnd(
  req: IncomingMessage,
  res: ServerResponse,
  plan: { commit(done: Answer): void },
  report: (error: unknown) => void
): void {
  const end = res.end as (chunk?: Chunk, encoding?: BufferEncoding, callback?: EndCallback) => ServerResponse
  const head = headOf(req, res)
  let ended = false

  function endAfterwards(
    this: unknown,
    chunk?: Chunk | EndCallback,
    encoding?: BufferEncoding | EndCallback,
    callback?: EndCallback
  ): ServerResponse {
    if (typeof chunk === 'function') return endAfterwards.call(this, undefined, undefined, chunk)
    if (typeof encoding === 'function') return endAfterwards.call(this, chunk, undefined, encoding)

    if (ended) {
      if (callback) afterSecondEnd(res, callback)
      return res
    }

    // Node refuses this by throwing, and must do so now: the app can still answer with an error page.
    if (!isChunk(chunk)) return end.call(res, chunk, encoding, callback)

    ended = true
    let answered = false
    let held = false
    const done: Answer = (error) => {
      if (answered) return
      answered = true
      if (held) head.release(res)
      if (error) reportWhenOut(res, report, error)
      if (!held) return
      head.proceed()
      end.call(res, chunk, encoding, callback)
    }

    try {
      begin(plan, done)
      // Listeners to the head may bring the answer about, too.
      if (!answered) head.commit(res, chunk, encoding)
      if (answered) {
        head.proceed()
        return end.call(res, chunk, encoding, callback)
      }
      head.hold(res)
      held = true
      return res
    } catch (error) {
      // The headers were refused (an invalid status code, say): nothing has been sent, the app can still end the response.
      ended = false
      throw error
    }
  }

  res.end = endAfterwards as ServerResponse['end']
}

/** Begins the work; that it throws is an answer with an error. */
function begin(plan: { commit(done: Answer): void }, done: Answer): void {
  try {
    plan.commit(done)
  } catch (error) {
    done(error)
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

function isChunk(chunk: unknown): chunk is Chunk {
  // Node takes whatever is falsy for "no chunk".
  return !chunk || typeof chunk === 'string' || chunk instanceof Uint8Array
}

/** To Node a callback given to a second `end()` is one more listener, or too late. */
function afterSecondEnd(res: ServerResponse, callback: EndCallback): void {
  if (!res.writableFinished) {
    res.once('finish', callback)
    return
  }
  const late = Object.assign(new Error('Cannot call end after a stream was finished'), {
    code: 'ERR_STREAM_ALREADY_FINISHED'
  })
  process.nextTick(callback, late)
}

/** The head of a response that has been ended by the app, but not yet been sent. */
interface Head {
  /** Fixes status and headers; `on-headers` listeners run now. */
  commit(res: ServerResponse, chunk: Chunk, encoding: BufferEncoding | undefined): void
  /** From now on the response looks ended: nothing can be written to it. */
  hold(res: ServerResponse): void
  /** Makes it as it was, so that it can be ended. */
  release(res: ServerResponse): void
  /** Nothing is held back any more. */
  proceed(): void
}

function headOf(req: IncomingMessage, res: ServerResponse): Head {
  if (req.httpVersionMajor === 2) return new Http2Head(res)
  const inherited = Object.getPrototypeOf(res) as ServerResponse | null
  const isWrapped = res.end !== inherited?.end || res.write !== inherited?.write
  return isWrapped ? new WrappedHttp1Head() : http1Head
}

/** HTTP/1: Node renders the head when told to, and sends it with the first chunk. */
const http1Head: Head = {
  commit(res, chunk, encoding) {
    if (res.headersSent || typeof res.writeHead !== 'function') return
    // As Node's own end() does before it renders the head; else the body would be sent in the chunked coding.
    ;(res as OutgoingLength)._contentLength = lengthOf(chunk, encoding)
    res.writeHead(res.statusCode)
  },

  hold: (res) => setFinished(res, true),
  release: (res) => setFinished(res, false),
  proceed: nothing
}

/**
 * HTTP/1, and somebody else wrapped `end` or `write` before us, as compression does: what is written to them may come out
 * changed, and later. So the length of the body is not known yet, and Node must go on taking what they write; only the
 * app is refused.
 */
class WrappedHttp1Head implements Head {
  private unshadowEnd = nothing

  commit(res: ServerResponse): void {
    if (!res.headersSent && typeof res.writeHead === 'function') res.writeHead(res.statusCode)
  }

  hold(res: ServerResponse): void {
    this.unshadowEnd = shadow(res, { writableEnded: true, write: refuseWrite.bind(res) })
  }

  release(): void {
    this.unshadowEnd()
  }

  proceed = nothing
}

/** Node asks this property before it writes, and `writableEnded` tells it to others. */
function setFinished(res: ServerResponse, finished: boolean): void {
  ;(res as { finished: boolean }).finished = finished
}

/** Node's own refusal, with its error. */
function refuseWrite(this: ServerResponse, ...args: unknown[]): boolean {
  const write = ServerResponse.prototype.write as (...args: unknown[]) => boolean
  setFinished(this, true)
  try {
    return write.apply(this, args)
  } finally {
    setFinished(this, false)
  }
}

function lengthOf(chunk: Chunk, encoding: BufferEncoding | undefined): number {
  if (!chunk) return 0
  return typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : chunk.byteLength
}

/**
 * HTTP/2: Node sends the head as soon as it is written. Here it stays until something follows it, as in HTTP/1: a chunk,
 * `flushHeaders()`, or the end with its work. What that would have changed for the app is said by properties of the
 * response's own in the meantime.
 */
class Http2Head implements Head {
  /** Node's own, below all who listen to the head. */
  private readonly writeHead: (...args: unknown[]) => ServerResponse
  private held: unknown[] | undefined
  private unshadowHead = nothing
  private unshadowEnd = nothing
  private proceeding = false

  constructor(private readonly res: ServerResponse) {
    const write = res.write as (...args: unknown[]) => boolean
    this.writeHead = res.writeHead.bind(res) as (...args: unknown[]) => ServerResponse
    res.writeHead = (...args: unknown[]) => this.take(args)
    res.write = (...args: unknown[]) => {
      this.send()
      return write.apply(res, args)
    }
    res.flushHeaders = () => {
      this.send()
    }
  }

  commit(): void {
    if (!this.res.headersSent) this.res.writeHead(this.res.statusCode)
  }

  hold(): void {
    this.unshadowEnd = shadow(this.res, { finished: true, writableEnded: true, write: refuseHttp2Write })
  }

  release(): void {
    this.unshadowEnd()
  }

  proceed(): void {
    this.proceeding = true
    if (this.held) this.send()
  }

  private take(args: unknown[]): ServerResponse {
    // A second head is refused by Node, once the first one is out.
    if (this.held) this.send()
    if (this.proceeding || this.res.headersSent) return this.writeHead(...args)

    this.held = args
    this.unshadowHead = shadow(this.res, {
      headersSent: true,
      setHeader: refuseHeader,
      appendHeader: refuseHeader,
      removeHeader: refuseHeader
    })
    return this.res
  }

  private send(): void {
    if (!this.res.headersSent) this.res.writeHead(this.res.statusCode)
    const { held } = this
    if (!held) return
    this.held = undefined
    this.unshadowHead()
    this.writeHead(...held)
  }
}

function nothing(): void {
  // Where nothing is shadowed.
}

function refuseHeader(): never {
  throw Object.assign(new Error('Response has already been initiated.'), { code: 'ERR_HTTP2_HEADERS_SENT' })
}

function refuseHttp2Write(...args: unknown[]): boolean {
  const callback = args.find((arg) => typeof arg === 'function') as EndCallback | undefined
  const error = Object.assign(new Error('write after end'), { code: 'ERR_STREAM_WRITE_AFTER_END' })
  if (callback) process.nextTick(callback, error)
  return false
}

/** Puts values in the place of an object's own or inherited ones, and gives a function that puts those back. */
function shadow(target: object, values: Record<string, unknown>): () => void {
  const names = Object.keys(values)
  const before = names.map((name) => Object.getOwnPropertyDescriptor(target, name))
  for (const name of names) {
    Object.defineProperty(target, name, { value: values[name], configurable: true, writable: true })
  }

  return () => {
    names.forEach((name, i) => {
      const descriptor = before[i]
      if (descriptor) Object.defineProperty(target, name, descriptor)
      else Reflect.deleteProperty(target, name)
    })
  }
}
