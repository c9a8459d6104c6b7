import { Hono } from 'hono'
import * as z from 'zod'
import { FreshetError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { newTicket } from '../auth/ticket.ts'
import type { EdgeEnv } from '../context.ts'
import { endpoint } from '../endpoint.ts'
import { hubOf, unwrap } from '../hubs.ts'
import { nameIn } from '../input.ts'
import { jsonResponse, problems } from '../schemas/responses.ts'

const ticketSchema = z
  .object({
    ticket: z.string().meta({ description: 'For `?ticket=`, once.' }),
    expires_in: z.number().meta({ description: 'Whole seconds; it ends with the token at the latest.' }),
  })
  .meta({ id: 'Ticket' })

/** `POST /api/tickets`: for readers that can set no header, such as an EventSource (contract, "Who is calling"). */
export const ticketRoutes = new Hono<EdgeEnv>()

endpoint(
  ticketRoutes,
  {
    method: 'post',
    path: '/api/tickets',
    tag: 'About',
    summary: 'A ticket that stands for the caller once',
    description:
      'For an EventSource or a WebSocket of a browser, which can set no header: give it as `?ticket=` within its time.',
    responses: {
      200: jsonResponse(ticketSchema, 'Works once.'),
      ...problems('too_many_requests'),
    },
  },
  async (c) => {
    const identity = c.get('identity')
    const name = nameIn(c)
    if (name === null) {
      throw new FreshetError('bad_request', 'A ticket is for a user with a name. Send `X-User-Id`.')
    }
    const { text, kept } = newTicket(name)
    const caller = { userId: name, privateKey: null }
    const rights = { isOperator: identity?.isOperator ?? true, expiresAt: identity?.expiresAt ?? null }
    unwrap(await hubOf(c.env, caller).issueTicket(caller, kept.secretHash, rights))
    const life = Math.min(LIMITS.ticketMs, (rights.expiresAt ?? Number.POSITIVE_INFINITY) - Date.now())
    return c.json({ ticket: text, expires_in: Math.max(0, Math.floor(life / 1000)) }, 200, {
      'cache-control': 'no-store',
    })
  },
)
