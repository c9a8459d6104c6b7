import { AuthFailure } from './failure.ts'

/** What a request brings to say who its caller is. Nothing of it is checked yet. */
export interface Credentials {
  readonly token: string | null
  readonly ticket: string | null
  /** The WebSocket subprotocols that the client offers, those that carry a token left out: they are never echoed. */
  readonly protocols: readonly string[]
}

/** The subprotocol `bearer.<jwt>` of a browser's WebSocket, which can set no header. */
const TOKEN_PROTOCOL = 'bearer.'

/**
 * The token and the ticket of a request (contract, "Who is calling"): the token as `Authorization: Bearer` or as a
 * subprotocol, the ticket as `?ticket=`. A token is never taken from an address: addresses stand in logs.
 * @throws AuthFailure `several_tokens` when there are several tokens, or several tickets, that differ
 */
export function credentialsIn(request: Request): Credentials {
  const offered = (request.headers.get('sec-websocket-protocol') ?? '')
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '')
  const inProtocols = offered
    .filter((protocol) => protocol.startsWith(TOKEN_PROTOCOL))
    .map((protocol) => protocol.slice(TOKEN_PROTOCOL.length))
  return {
    token: onlyOne([bearerIn(request.headers.get('authorization')), ...inProtocols]),
    ticket: onlyOne(new URL(request.url).searchParams.getAll('ticket')),
    protocols: offered.filter((protocol) => !protocol.startsWith(TOKEN_PROTOCOL)),
  }
}

/** What stands behind `Bearer`, in any case (RFC 9110, section 11.1), or null; other schemes are not ours. */
function bearerIn(header: string | null): string | null {
  return /^bearer +(.+)$/i.exec(header?.trim() ?? '')?.[1] ?? null
}

function onlyOne(given: readonly (string | null)[]): string | null {
  const different = new Set(given.filter((one) => one !== null && one !== ''))
  if (different.size > 1) throw new AuthFailure('several_tokens')
  const [one] = different
  return one ?? null
}
