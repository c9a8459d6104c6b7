import { createHash } from 'node:crypto'
import { checkPrompt, plainCommand } from '../core/commands.ts'
import { FreshetError } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import type { Dialect } from '../dialects/dialect.ts'
import type { EdgeContext } from './context.ts'
import { callerWith } from './identity.ts'
import { cursorIn } from './input.ts'
import { readerOf } from './nameless.ts'
import { type StreamObserver, startAndStream, streamRequest } from './request-stream.ts'

/** What D3 and D4 are asked, as a query or a body says it; empty is as good as left out. */
export interface ChatFields {
  readonly message?: string | null | undefined
  readonly session_id?: string | null | undefined
  readonly request_id?: string | null | undefined
  readonly agent?: string | null | undefined
  readonly model?: string | null | undefined
  readonly time_zone?: string | null | undefined
}

/** How a dialect answers a chat. */
export interface ChatKind {
  readonly dialect: Dialect
  /** Who answers where nobody is named. */
  readonly agent: string
  /** True where a message without a conversation begins one (D4). */
  readonly makesConversation: boolean
}

/** Who asks, and how the wire can be told apart from a mere retry. */
interface Asking {
  /** The caller's name, or null. */
  readonly name: string | null
  /** The header `Idempotency-Key`. */
  readonly key: string | undefined
  readonly observer?: StreamObserver
}

/** A whole request, s: a lead that consults its team and works out figures calls models several times, one after another. */
const CHAT_TIMEOUT_S = 120

/**
 * Answers a chat by a stream: begins a request, or goes on with one. Whoever brings a cursor wants to go on: a message
 * beside it is never run (DI4). Without either, the request of `request_id` is watched (DI6), or what runs in the
 * conversation.
 * @throws FreshetError what the hub refuses with; `bad_request` when nothing is asked
 */
export async function answerChat(
  c: EdgeContext,
  fields: ChatFields,
  kind: ChatKind,
  asking: Asking,
): Promise<Response> {
  const cursor = cursorIn(c)
  const requestId = fields.request_id || asking.key || null
  const conversationId = fields.session_id || null
  const message = fields.message ?? null
  const ids = [cursor, conversationId, requestId]
  const own = conversationId ?? requestId
  const stream = {
    dialect: kind.dialect,
    options: { model: c.get('config').modelName, includeUsage: false, batching: false },
    observer: asking.observer,
  }
  if (cursor === null && message !== null) {
    const caller = callerWith(asking.name, ids, own)
    const plain = plainCommand(checkMessage(message))
    const agent = fields.agent || kind.agent
    const model = fields.model || null
    return startAndStream(
      c,
      {
        ...plain,
        config: { ...plain.config, timeout: CHAT_TIMEOUT_S },
        requestId,
        conversationId: conversationId ?? (kind.makesConversation ? newId(caller.privateKey) : null),
        agent,
        model,
        timeZone: fields.time_zone || null,
        retryKey: requestId === null ? retryKey(kind.dialect, conversationId, [agent, model, message]) : null,
      },
      { ...stream, caller },
    )
  }
  if (cursor === null && requestId === null && conversationId === null) {
    const words = 'Send a `message` to have it answered, or the `request_id` of the answer to read.'
    throw new FreshetError('bad_request', words)
  }
  const caller = await readerOf(c, asking.name, ids, own, requestId)
  return streamRequest(c, { ...stream, caller, requestId, conversationId, cursor })
}

/** @throws FreshetError `empty_prompt`, `prompt_too_long` */
function checkMessage(message: string): string {
  if (message.trim() === '') {
    throw new FreshetError('empty_prompt', 'The message is empty. Send some text in `message`.')
  }
  return checkPrompt(message)
}

/** What a retry that names no request has in common with what it repeats (GE11). A hash: no word outlives its log. */
export function retryKey(dialect: Dialect, conversationId: string | null, said: readonly (string | null)[]): string {
  const hash = createHash('sha256').update(JSON.stringify(said)).digest('hex').slice(0, 32)
  return `${dialect.name}:${conversationId ?? ''}:${hash}`
}
