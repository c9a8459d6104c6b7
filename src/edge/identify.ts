import { FreshetError } from '../core/errors.ts'
import type { Config } from '../env.ts'
import { credentialsIn } from './auth/credentials.ts'
import { AuthFailure } from './auth/failure.ts'
import { jwtSettingsOf } from './auth/settings.ts'
import { parseTicket } from './auth/ticket.ts'
import { createVerifier, type Verifier } from './auth/verify-token.ts'
import type { EdgeContext, ProvenCaller } from './context.ts'
import { hubOf, unwrap } from './hubs.ts'

/** Who may call an endpoint: anyone by name, the operator, or anyone at all. */
export type Access = 'caller' | 'operator' | 'public'

/** One for each configuration: the fetched keys live in it. */
const verifiers = new WeakMap<Config, Verifier>()

function verifierOf(config: Config): Verifier {
  const known = verifiers.get(config) ?? createVerifier(jwtSettingsOf(config.jwt))
  verifiers.set(config, known)
  return known
}

/** Stops a service whose tokens could not be checked, at its first request (CF1). @throws FreshetError `config_invalid` */
export function checkIdentitySettings(config: Config): void {
  if (config.authMode === 'jwt') verifierOf(config)
}

/**
 * Settles who calls, before anything else is done for it (contract, "Who is calling"; ID7 to ID9).
 * @throws AuthFailure without a good token or ticket where one is needed
 * @throws FreshetError `forbidden` for what only the operator may
 */
export async function identify(c: EdgeContext, access: Access): Promise<void> {
  const proven = await provenCaller(c, access)
  c.set('identity', proven)
  if (access === 'operator') checkOperator(c)
}

/** @throws FreshetError `forbidden` when the caller has not the operator's rights; in open mode everyone has them */
export function checkOperator(c: EdgeContext): void {
  const identity = c.get('identity')
  if (identity === null || identity.isOperator) return
  throw new FreshetError('forbidden', 'Only the operator may do this: its token has the word `operator` in its scope.')
}

async function provenCaller(c: EdgeContext, access: Access): Promise<ProvenCaller | null> {
  const config = c.get('config')
  const mayName = access === 'operator'
  if (access === 'public') return null
  if (config.authMode === 'open') {
    const ticket = c.req.query('ticket') ?? ''
    return ticket === '' ? null : { ...(await redeemed(c, ticket)), mayName }
  }
  const { token, ticket } = credentialsIn(c.req.raw)
  if (token === null && ticket !== null) return { ...(await redeemed(c, ticket)), mayName }
  const { userId, isOperator, expiresAt } = await verifierOf(config).verify(token)
  return { userId, isOperator, expiresAt, mayName }
}

/** Whom a ticket is for; it is used up by this. @throws AuthFailure `bad_ticket` */
async function redeemed(c: EdgeContext, text: string): Promise<Omit<ProvenCaller, 'mayName'>> {
  const ticket = parseTicket(text)
  if (ticket === null) throw new AuthFailure('bad_ticket')
  const caller = { userId: ticket.userId, privateKey: null }
  const found = unwrap(await hubOf(c.env, caller).redeemTicket(ticket.secretHash))
  if (found === null) throw new AuthFailure('bad_ticket')
  return { userId: ticket.userId, ...found }
}
