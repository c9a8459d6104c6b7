/** Every way in which a token is no good. Closed: each has its text below. */
export const AUTH_REASONS = [
  'missing',
  'several_tokens',
  'malformed',
  'bad_signature',
  'expired',
  'not_yet_valid',
  'wrong_issuer',
  'wrong_audience',
  'no_subject',
  'no_expiry',
  'bad_ticket',
] as const

export type AuthReason = (typeof AUTH_REASONS)[number]

/** What the caller is told. Plain ASCII without quotes or backslashes: it stands in a header (RFC 6750, section 3). */
const SENTENCES: Record<AuthReason, string> = {
  missing: 'This needs a token: Authorization: Bearer, the subprotocol bearer.<jwt>, or a ticket.',
  several_tokens: 'The request carries several tokens that differ. Send one.',
  malformed: 'The token is not a signed JWT that can be read here.',
  bad_signature: 'The token is not signed with a key and an algorithm that count here.',
  expired: 'The token has expired. Get a new one.',
  not_yet_valid: 'The token is not valid yet.',
  wrong_issuer: 'The token is not from the issuer that counts here.',
  wrong_audience: 'The token is not meant for this service.',
  no_subject: 'The token has no subject that can be a user id: 1 to 128 characters, none of them a control character.',
  bad_ticket: 'The ticket is none, was used already, or is older than a minute. Get a new one by POST /api/tickets.',
  no_expiry: 'The token does not say when it expires.',
}

/** A caller that is not let in: 401. It holds nothing of the token, its claims or the keys, and has no cause that does. */
export class AuthFailure extends Error {
  override readonly name = 'AuthFailure'
  readonly reason: AuthReason

  constructor(reason: AuthReason) {
    super(SENTENCES[reason])
    this.reason = reason
  }
}

/**
 * The `WWW-Authenticate` of a 401 (RFC 6750, section 3). Who sent no token is told the realm alone, as the RFC has it.
 */
export function challengeOf(reason: AuthReason): string {
  const realm = 'Bearer realm="freshet"'
  if (reason === 'missing') return realm
  const error = reason === 'several_tokens' ? 'invalid_request' : 'invalid_token'
  return `${realm}, error="${error}", error_description="${SENTENCES[reason]}"`
}
