import { hiddenSlot } from './hidden-slot.js'

/** The request that an object stands in for. */
const requests = hiddenSlot<object>()

/** Notes that an object is given out instead of a request. */
export function noteStandIn(standIn: object, req: object): void {
  requests.set(standIn, req)
}

/** The request itself, where an object stands in for one. */
export function requestBehind<Request extends object>(req: Request): Request {
  return (requests.get(req) as Request | undefined) ?? req
}
