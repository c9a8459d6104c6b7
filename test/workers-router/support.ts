import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { Socket } from '../workers/support.ts'

export interface LedgerRow {
  request_id: string
  provider: string
  outcome: string
  input_tokens: number
  output_tokens: number
  cost: number
  estimated: number
}

/** The ledger of a user's hub, oldest first. */
export function ledgerOf(user: string): Promise<LedgerRow[]> {
  return runInDurableObject(env.SESSION_HUB.getByName(`user:${user}`), (_, state) =>
    state.storage.sql
      .exec(
        'SELECT request_id, provider, outcome, input_tokens, output_tokens, cost, estimated FROM ledger ORDER BY id',
      )
      .toArray()
      .map((row) => ({
        request_id: String(row['request_id']),
        provider: String(row['provider']),
        outcome: String(row['outcome']),
        input_tokens: Number(row['input_tokens']),
        output_tokens: Number(row['output_tokens']),
        cost: Number(row['cost']),
        estimated: Number(row['estimated']),
      })),
  )
}

/** Asks once over a socket that prefers a provider, and returns what came after the answer's end. */
export async function ask(user: string, prefers: string, requestId: string, more: object = {}): Promise<Socket> {
  const socket = await Socket.open(`user_id=${user}&model_preference=${prefers}`)
  socket.say({ type: 'ai_request', prompt: 'What flows in spring?', request_id: requestId, ...more })
  await socket.end(requestId)
  return socket
}

export function textOf(socket: Socket): string {
  return socket.logged.map(({ data }) => (typeof data['chunk'] === 'string' ? data['chunk'] : '')).join('')
}

/** The last `metadata` event's data. */
export function metadataOf(socket: Socket): Record<string, unknown> {
  return socket.logged.findLast(({ type }) => type === 'metadata')?.data ?? {}
}
