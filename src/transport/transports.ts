import { GivenTransport, checkTransport } from './given-transport.js'
import type { IncomingMessage } from 'node:http'
import type { SessionTransport } from './given-transport.js'
import type { Transport } from './transport.js'

/** What the option `transport` may be. */
export type TransportOption = 'cookie' | SessionTransport | ((req: IncomingMessage) => unknown)

/**
 * @param option - as it was checked
 * @param cookieTransport - what `'cookie'` stands for
 * @returns gives the transport of a request, and throws TypeError when the app's function gives none
 */
export function transportsFor(
  option: TransportOption,
  cookieTransport: Transport
): (req: IncomingMessage) => Transport {
  if (option === 'cookie') return () => cookieTransport
  if (typeof option === 'function') {
    return (req) => {
      const chosen = option(req)
      if (chosen === 'cookie') return cookieTransport
      checkTransport(chosen, 'what the transport option returns')
      return new GivenTransport(chosen)
    }
  }
  const given = new GivenTransport(option)
  return () => given
}
