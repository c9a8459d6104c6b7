import * as z from 'zod'
import { type Ask, type Dialect, Draft } from '../dialect.ts'
import { type Opening, openBegun, openStream } from '../reader.ts'
import { headerOf } from './d3.ts'
import { HEALTH } from './prompts.ts'

const chunkSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('start'),
    messageId: z.string(),
    messageMetadata: z.looseObject({ request_id: z.string() }),
  }),
  z.object({ type: z.enum(['start-step', 'finish-step', 'abort']) }),
  z.object({ type: z.enum(['text-start', 'text-end']), id: z.string() }),
  z.object({ type: z.literal('text-delta'), id: z.string(), delta: z.string() }),
  z.looseObject({ type: z.enum(['tool-input-start', 'tool-input-available']), toolCallId: z.string() }),
  z.looseObject({ type: z.enum(['tool-output-available', 'tool-output-error']), toolCallId: z.string() }),
  z.looseObject({ type: z.literal('data-specialist'), id: z.string() }),
  z.object({ type: z.literal('finish'), finishReason: z.string() }),
  z.object({ type: z.literal('error'), errorText: z.string() }),
])
type Chunk = z.output<typeof chunkSchema>
const DONE = '[DONE]'

/** Contract D7: `useChat`'s stream; resumed by its chat, from the message's start. */
export const d7: Dialect = {
  name: 'D7',
  prompt: HEALTH,
  resumes: 'anew',
  isOfOne: true,
  tells204: true,
  showsEnded: true,
  keys: ['field', 'header'],
  cancelled: 'cancelled',
  start: (service, ask, cutAfter) => openBegun(service, chatOf(ask), cutAfter),
  resume: (service, ask, { cursor, requestId }, cutAfter) => {
    if (cursor === null && requestId === null) return openStream(service, chatOf(ask), cutAfter)
    // Cut before the first id, it has the request's name at least.
    const path = `/api/chat/${cursor === null ? requestId : chatIdOf(ask)}/stream`
    return openStream(service, { path, user: ask.user, headers: { 'last-event-id': cursor } }, cutAfter)
  },
  watch: (service, { user, requestId }, cutAfter) =>
    openStream(service, { path: `/api/chat/${requestId}/stream`, user }, cutAfter),
  cancel: async (service, { user, requestId }) => {
    const path = `/api/chat/${requestId}/stream`
    const answer = await fetch(service.url + path, { method: 'DELETE', headers: { 'x-user-id': user } })
    if (!answer.ok) throw new Error(`cancel: ${answer.status} ${await answer.text()}`)
  },
  requestIdIn: ({ data }) => {
    if (data === DONE) return null
    const chunk = chunkSchema.parse(data)
    return chunk.type === 'start' ? chunk.messageMetadata.request_id : null
  },
  messageOf(events) {
    const draft = new Draft()
    const texts = new Map<string, string>()
    let end: 'complete' | 'cancelled' | 'error' | null = null
    for (const { data } of events) {
      if (data === DONE) {
        if (end === null) throw new Error('[DONE] comes before an end')
        draft.end(end)
        continue
      }
      const chunk = chunkSchema.parse(data)
      if (end !== null) throw new Error(`${chunk.type} comes after the end`)
      end = endOf(chunk)
      if (chunk.type === 'text-start') texts.set(chunk.id, '')
      if (chunk.type === 'text-delta') {
        const before = texts.get(chunk.id)
        if (before === undefined) throw new Error('a delta of a text that is not open')
        texts.set(chunk.id, before + chunk.delta)
      } else if (chunk.type === 'text-end') draft.add({ ...chunk, text: texts.get(chunk.id) })
      else draft.add(chunk)
    }
    // The blank line between the texts of two turns is no part of either here (AG7).
    return { ...draft.message(), text: [...texts.values()].join('\n\n') }
  },
}

function endOf(chunk: Chunk) {
  if (chunk.type === 'finish') return 'complete'
  if (chunk.type === 'abort') return 'cancelled'
  return chunk.type === 'error' ? 'error' : null
}

function chatIdOf({ user }: Ask): string {
  return `chat-${user}`
}

function chatOf(ask: Ask): Opening {
  const { user, prompt, key } = ask
  return {
    path: '/api/chat',
    user,
    body: {
      id: chatIdOf(ask),
      trigger: 'submit-message',
      agent: 'health',
      messages: [{ id: 'm1', role: 'user', parts: [{ type: 'text', text: prompt }] }],
      ...(key?.as === 'field' && { request_id: key.value }),
    },
    headers: { 'idempotency-key': headerOf(key) },
  }
}
