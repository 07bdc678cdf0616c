import { AsyncResource } from 'node:async_hooks'
import { debug } from './debug.js'
import { clearTimeout, setImmediate, setTimeout } from './timers.js'

/**
 * How long others wait for one turn, in milliseconds: for stores that never answer. With `storeTimeout` each call is answered
 * sooner, unless that is very long.
 */
const PATIENCE = 30_000

/** Does something, and tells once when it is done. */
type Work = (over: () => void) => void

/** A caller that waits, and the next one. In a very long array, it would take long to remove the first. */
interface Waiting {
  readonly work: Work
  next: Waiting | undefined
}

/** The caller that has the turn, and those that wait for it. */
interface Queue {
  first: Waiting | undefined
  last: Waiting | undefined
  /** Whose turn it is. */
  current: Work | undefined
  timer: NodeJS.Timeout | undefined
}

/**
 * Has what reads and then writes a session done one after another. Nothing is kept of a session with which nothing is being
 * done.
 */
export class Turns {
  /** By session id. */
  private readonly queues = new Map<unknown, Queue>()

  /** @param patience - how long others wait for one turn, in milliseconds */
  constructor(private readonly patience = PATIENCE) {}

  /** Of how many sessions something is being done. */
  get size(): number {
    return this.queues.size
  }

  /** Does something at once, or as soon as it is its turn; in the asynchronous context of this call. */
  take(id: unknown, work: Work): void {
    const queue = this.queues.get(id)
    if (queue) {
      const waiting = { work: AsyncResource.bind(work), next: undefined }
      if (queue.first && queue.last) queue.last.next = waiting
      else queue.first = waiting
      queue.last = waiting
      this.watch(id, queue)
      return
    }
    const begun = { first: undefined, last: undefined, current: undefined, timer: undefined }
    this.queues.set(id, begun)
    this.goOn(id, begun, work)
  }

  /** In a loop: of very many that are done at once, none is done within another. */
  private goOn(id: unknown, queue: Queue, begun?: Work): void {
    for (let work = begun ?? takeFirst(queue); work; work = takeFirst(queue)) {
      if (!this.isDoneAtOnce(id, queue, work)) return
    }
    this.queues.delete(id)
  }

  private isDoneAtOnce(id: unknown, queue: Queue, work: Work): boolean {
    let isRunning = true
    let isOver = false
    const over = () => {
      // This caller was given up, and its answer comes too late.
      if (isOver || queue.current !== work) return
      isOver = true
      clearTimeout(queue.timer)
      queue.timer = undefined
      if (!isRunning) this.goOn(id, queue)
    }
    queue.current = work
    if (queue.first) this.watch(id, queue)
    try {
      work(over)
    } catch (error) {
      // What an app does when it hears of it is none of the others' business.
      if (isOver) setImmediate(() => this.goOn(id, queue))
      throw error
    } finally {
      isRunning = false
    }
    return isOver
  }

  /** Others wait now. */
  private watch(id: unknown, queue: Queue): void {
    queue.timer ??= setTimeout(() => {
      debug('a store has not answered for long: the next one goes on')
      queue.timer = undefined
      this.goOn(id, queue)
    }, this.patience)
    // If nothing else keeps the process running, this must not.
    queue.timer.unref()
  }
}

function takeFirst(queue: Queue): Work | undefined {
  const { first } = queue
  queue.first = first?.next
  return first?.work
}
