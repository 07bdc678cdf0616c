import { ServerResponse } from 'node:http'
import type { IncomingMessage } from 'node:http'

/** The head of a response that has been ended by the app, but not yet been sent. */
export interface Head {
  /**
   * Has the headers fixed: from now on the response says that they are sent.
   *
   * @param length - of the body in bytes, if that is all that is left to send
   * @param announce - adds what belongs into the headers, where Node does not tell of them now
   */
  commit(res: ServerResponse, length: number | undefined, announce: () => void): void
  /** The end is being held. */
  hold(res: ServerResponse): void
  /** A chunk, or the end, is about to follow the head. */
  proceed(): void
}

/** Node's own methods: what is below them is known. */
const { end: nodeEnd, write: nodeWrite } = ServerResponse.prototype

/** Bun counts a body in its own `end()`: a head that is rendered before that says that the body comes in chunks. */
const COUNTS_AT_END = 'bun' in process.versions

/** What Node itself has below the methods of a response. */
interface Outgoing {
  /** The head, once it is rendered. */
  readonly _header?: string | null
  /** The length of a body that `end()` was given whole, until the head is rendered. */
  _contentLength?: number | null
  /** Renders the head, as it would be without a `writeHead()` of the app's. */
  _implicitHeader?(): void
}

/**
 * Whether the headers of a response can no longer be changed. Some responses bring their own `headersSent`: that of
 * @fastify/express does not know of `writeHead()`.
 */
export function isHeadSent(res: ServerResponse): boolean {
  return res.headersSent || Boolean((res as Outgoing)._header)
}

/**
 * Whether a response brings its own `headersSent`, which is true although its headers can still be set. Responses made by test
 * tools set it as soon as the app sends something.
 */
function onlySaysSo(res: ServerResponse): boolean {
  return Object.hasOwn(res, 'headersSent') && !(res as Outgoing)._header && takesHeaders(res)
}

/** How the head of a response is committed. */
export function headOf(req: IncomingMessage, res: ServerResponse): Head {
  const rendersHead = typeof res.writeHead === 'function'
  if (rendersHead && req.httpVersionMajor === 2) return new Http2Head(res)
  const isNodes = res.end === nodeEnd && res.write === nodeWrite
  if (isNodes) return COUNTS_AT_END ? new CountedHead() : renderedHead
  if ('_implicitHeader' in res) return new AnnouncedHead()
  // A stand-in whose `end` renders no head needs to be told to.
  return rendersHead ? renderedHead : noHead
}

/** HTTP/1: Node renders the head when told to, and sends it with the first chunk. */
const renderedHead: Head = {
  commit(res, length, announce) {
    if (isHeadSent(res)) {
      if (onlySaysSo(res)) announce()
      return
    }
    const outgoing = res as Outgoing
    // As Node's own end() does before it renders the head; else the body would be sent in the chunked coding.
    if (length !== undefined) outgoing._contentLength = length
    if (typeof outgoing._implicitHeader === 'function') outgoing._implicitHeader()
    else res.writeHead(res.statusCode)
  },

  hold(res) {
    try {
      res.flushHeaders = doNothing
    } catch {
      // It cannot be replaced.
    }
  },

  proceed: doNothing
}

/** A stand-in that renders no head, such as the socket of an upgrade. It may still take note of headers. */
const noHead: Head = {
  commit(res, _length, announce) {
    if (takesHeaders(res) && !isHeadSent(res)) announce()
  },

  hold: doNothing,

  proceed: doNothing
}

/**
 * The end of the response is somebody else's: a middleware's, or a class's of the app's own. What it will send, and with
 * which headers, is not known before it is called. Until then the response only says that its headers are sent, and
 * refuses others.
 */
class AnnouncedHead implements Head {
  /** The `code` of Node's refusal. */
  protected readonly code: string = 'ERR_HTTP_HEADERS_SENT'
  private unshadow = doNothing
  private unshadowFlush = doNothing

  commit(res: ServerResponse, _length: number | undefined, announce: () => void): void {
    if (this.isFixed(res)) {
      if (onlySaysSo(res)) announce()
      return
    }
    if (takesHeaders(res)) announce()
    const { statusCode, statusMessage, sendDate } = res
    this.announce(res)
    const { unshadow } = this
    this.unshadow = () => {
      unshadow()
      // What was said of these since then came too late.
      restore(res, { statusCode, statusMessage, sendDate })
    }
  }

  hold(res: ServerResponse): void {
    this.unshadowFlush = shadow(res, { flushHeaders: doNothing })
  }

  proceed(): void {
    this.unshadowFlush()
    this.unshadow()
    this.unshadow = this.unshadowFlush = doNothing
  }

  /** Not every response can be made to say so. */
  protected isFixed(res: ServerResponse): boolean {
    return isHeadSent(res) || this.unshadow !== doNothing
  }

  protected announce(res: ServerResponse): void {
    const refuse = () => {
      const error = new Error('Cannot change headers after they are sent to the client')
      throw Object.assign(error, { code: this.code })
    }
    this.unshadow = shadow(res, {
      headersSent: true,
      setHeader: refuse,
      setHeaders: refuse,
      appendHeader: refuse,
      removeHeader: refuse,
      writeHead: refuse
    })
  }
}

/** HTTP/1 on Bun: its own `end` renders the head. */
class CountedHead extends AnnouncedHead {
  override commit(res: ServerResponse, length: number | undefined, announce: () => void): void {
    // Nobody will change this any more, so a status that cannot be is refused now, as on Node.
    if (!this.isFixed(res) && !(res.statusCode >= 100 && res.statusCode <= 999)) res.writeHead(res.statusCode)
    super.commit(res, length, announce)
  }
}

/**
 * HTTP/2: Node sends the head as soon as it is written. Here it stays until something follows it, as in HTTP/1: a chunk,
 * `flushHeaders()`, or the end with its work.
 */
class Http2Head extends AnnouncedHead {
  protected override readonly code = 'ERR_HTTP2_HEADERS_SENT'
  /** The `writeHead` of Node, below all wrappers that listen to the head. */
  private readonly innerWriteHead: (...args: unknown[]) => ServerResponse
  private held: unknown[] | undefined
  private isProceeding = false

  constructor(res: ServerResponse) {
    super()
    this.innerWriteHead = res.writeHead.bind(res) as Http2Head['innerWriteHead']
    res.writeHead = (...args: unknown[]) => this.take(res, args)
    res.flushHeaders = () => {
      this.commit(res)
      this.proceed()
    }
  }

  /** Has the listeners to the head run; the head itself stays. */
  override commit(res: ServerResponse): void {
    if (!this.isFixed(res)) res.writeHead(res.statusCode)
  }

  override proceed(): void {
    const { held } = this
    super.proceed()
    this.isProceeding = true
    this.held = undefined
    if (held) this.innerWriteHead(...held)
  }

  private take(res: ServerResponse, args: unknown[]): ServerResponse {
    if (this.isProceeding || this.isFixed(res)) return this.innerWriteHead(...args)
    this.held = args
    this.announce(res)
    return res
  }
}

function doNothing(): void {
  // Where there is nothing to do.
}

/** Whether a response takes headers: not all stand-ins do. */
function takesHeaders(res: ServerResponse): boolean {
  return typeof res.setHeader === 'function' && typeof res.getHeader === 'function'
}

/**
 * Replaces members of an object, its own or inherited, and returns a function that puts the old ones back. What cannot be
 * redefined stays as it is.
 */
function shadow(target: object, values: Record<string, unknown>): () => void {
  const names = Object.keys(values).filter((name) => canBeDefined(target, name))
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

function canBeDefined(target: object, name: string): boolean {
  const descriptor = Object.getOwnPropertyDescriptor(target, name)
  return descriptor ? descriptor.configurable === true : Object.isExtensible(target)
}

/** Gives an object values back, where they have changed. */
function restore(target: object, values: Record<string, unknown>): void {
  for (const name of Object.keys(values)) {
    if (Reflect.get(target, name) !== values[name]) Reflect.set(target, name, values[name])
  }
}
