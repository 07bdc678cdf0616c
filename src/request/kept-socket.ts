import { hiddenSlot } from '../support/hidden-slot.js'
import { clearTimeout, setTimeout } from '../support/timers.js'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

type Destroy = (...args: unknown[]) => unknown

/** How long a socket waits for its held responses before it is destroyed, in milliseconds. */
const PATIENCE = 1000

const keptSockets = hiddenSlot<KeptSocket>()

/**
 * A socket that is not destroyed while the end of one of its responses is held. To the app such a response is sent. So is
 * it to Express, which destroys the socket without an error where an app answers and then fails: the answer has to arrive
 * as it would have without the wait.
 */
export class KeptSocket {
  /** The response whose end is held; or, while the socket waits to be destroyed, one that is being sent. */
  private held: ServerResponse | undefined
  /** More of them, where requests are pipelined. */
  private others: Set<ServerResponse> | undefined
  /** Set while the socket waits to be destroyed. */
  private timer: NodeJS.Timeout | undefined
  private readonly innerDestroy: Destroy

  private constructor(private readonly socket: Socket) {
    this.innerDestroy = socket.destroy.bind(socket) as Destroy
  }

  /**
   * The socket of a request, if it can be kept: HTTP/2 has one for many responses, a stand-in may have anything, and at an
   * upgrade the socket itself may take the place of the response.
   */
  static of(req: IncomingMessage, res: ServerResponse): KeptSocket | undefined {
    if (req.httpVersionMajor === 2) return undefined
    const socket: unknown = req.socket
    if (typeof socket !== 'object' || !socket || socket === res) return undefined
    return keptSockets.get(socket) ?? KeptSocket.make(socket as Socket)
  }

  private static make(socket: Socket): KeptSocket | undefined {
    if (typeof socket.destroy !== 'function' || !Object.isExtensible(socket)) return undefined
    const kept = new KeptSocket(socket)
    const destroy = { value: kept.destroy.bind(kept), configurable: true, writable: true }
    // Once for all of its requests: to add and delete a property for each would make Node slow.
    if (!Reflect.defineProperty(socket, 'destroy', destroy)) return undefined
    keptSockets.set(socket, kept)
    return kept
  }

  /** The end of a response is being held. */
  hold(res: ServerResponse): void {
    if (!this.held) this.held = res
    else (this.others ??= new Set()).add(res)
  }

  /** It is held no longer. */
  letGo(res: ServerResponse): void {
    if (!this.timer) {
      this.forget(res)
      return
    }
    const out = () => {
      this.forget(res)
      if (this.timer && !this.isHeld) this.destroyNow([])
    }
    if (res.writableFinished) {
      out()
    } else if (typeof res.once === 'function') {
      res.once('finish', out)
      res.once('close', out)
    }
  }

  private forget(res: ServerResponse): void {
    if (this.held === res) this.held = undefined
    else this.others?.delete(res)
  }

  private get isHeld(): boolean {
    return this.held !== undefined || (this.others?.size ?? 0) > 0
  }

  /** What all others call as `socket.destroy`. */
  private destroy(...args: unknown[]): Socket {
    const [error, callback] = args
    if (error || callback || !this.isAwaited()) this.destroyNow(args)
    else this.timer ??= setTimeout(this.destroyNow.bind(this, []), PATIENCE).unref()
    return this.socket
  }

  /** Whether a response that is held can still be sent. */
  private isAwaited(): boolean {
    if (!this.socket.writable || !this.isHeld || this.held?.destroyed) return false
    for (const res of this.others ?? []) if (res.destroyed) return false
    return true
  }

  private destroyNow(args: unknown[]): void {
    clearTimeout(this.timer)
    this.timer = undefined
    this.held = this.others = undefined
    this.innerDestroy(...args)
  }
}
