import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import * as z from 'zod'
import { call, keepSecret } from './witness.ts'

export const hubOf = (user: string) => env.SESSION_HUB.getByName(`user:${user}`)

const answerSchema = z.object({ ticket: z.string(), expires_in: z.int() })

/** Asks for a ticket. */
export function ask(headers: Record<string, string>): Promise<Response> {
  return call('/api/tickets', { method: 'POST', headers }, ['ticket'])
}

/** A new ticket. */
export async function newTicket(headers: Record<string, string>) {
  const response = await ask(headers)
  if (response.status !== 200) throw new Error(`no ticket: ${response.status}`)
  const { ticket, expires_in } = answerSchema.parse(await response.json())
  keepSecret(ticket)
  return { ticket, expiresIn: expires_in, cached: response.headers.get('cache-control') }
}

/** A ticket for a token's owner. */
export async function ticketFor(token: string): Promise<string> {
  return (await newTicket({ authorization: `Bearer ${token}` })).ticket
}

/** What a user's hub keeps of tickets. */
export function keptTickets(user: string): Promise<readonly Record<string, unknown>[]> {
  return runInDurableObject(hubOf(user), (_, state) => state.storage.sql.exec('SELECT * FROM tickets').toArray())
}

/** Makes a user's tickets older, as waiting would. @param ms how much */
export function ageTickets(user: string, ms: number): Promise<void> {
  return runInDurableObject(hubOf(user), (_, state) => {
    state.storage.sql.exec('UPDATE tickets SET ends_at = ends_at - ?', ms)
  })
}
