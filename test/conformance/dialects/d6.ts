import * as z from 'zod'
import { cancelByHttp } from '../cancel.ts'
import { type Ask, type Dialect, Draft } from '../dialect.ts'
import { type Opening, openBegun, openStream } from '../reader.ts'
import { headerOf } from './d3.ts'
import { PLAIN } from './prompts.ts'

const chunkSchema = z.object({
  id: z.templateLiteral(['chatcmpl-', z.string()]),
  object: z.literal('chat.completion.chunk'),
  created: z.int(),
  choices: z.array(
    z.object({
      index: z.literal(0),
      delta: z.object({
        role: z.literal('assistant').optional(),
        content: z.string().optional(),
        tool_calls: z.array(z.unknown()).optional(),
      }),
      finish_reason: z.string().nullable(),
    }),
  ),
  usage: z.unknown().optional(),
})
const errorSchema = z.object({ error: z.object({ message: z.string(), code: z.string() }) })
const DONE = '[DONE]'

/** Contract D6: a chat completion as a stream; read again by its id, from its start (DI6). */
export const d6: Dialect = {
  name: 'D6',
  prompt: PLAIN,
  resumes: 'anew',
  isOfOne: true,
  tells204: false,
  showsEnded: true,
  keys: ['field', 'header'],
  cancelled: 'complete',
  start: (service, ask, cutAfter) => openBegun(service, completionOf(ask), cutAfter),
  resume: (service, ask, { requestId }, cutAfter) =>
    requestId === null
      ? openStream(service, completionOf(ask), cutAfter)
      : watch(service, { user: ask.user, requestId }, cutAfter),
  watch,
  cancel: cancelByHttp,
  requestIdIn: ({ data }) => {
    const chunk = chunkSchema.safeParse(data)
    return chunk.success ? chunk.data.id.slice('chatcmpl-'.length) : null
  },
  messageOf(events) {
    const draft = new Draft()
    let failed = false
    for (const { data } of events) {
      if (data === DONE) {
        draft.end('complete')
        continue
      }
      if (errorSchema.safeParse(data).success) {
        failed = true
        draft.add(data)
        draft.end('error')
        continue
      }
      if (failed) throw new Error('there is something after an error')
      const { id, created, choices, usage } = chunkSchema.parse(data)
      for (const { delta, finish_reason } of choices) {
        if (delta.role !== undefined) draft.add({ id, created, role: delta.role })
        draft.say(delta.content ?? '')
        if (delta.tool_calls !== undefined) draft.add(delta.tool_calls)
        if (finish_reason !== null) draft.add({ finish_reason })
      }
      if (choices.length === 0) draft.add({ usage })
    }
    return draft.message()
  },
}

function completionOf({ user, prompt, key }: Ask): Opening {
  return {
    path: '/v1/chat/completions',
    user,
    body: {
      model: 'freshet',
      messages: [{ role: 'user', content: prompt }],
      stream: true,
      stream_options: { include_usage: true },
      ...(key?.as === 'field' && { request_id: key.value }),
    },
    headers: { 'idempotency-key': headerOf(key) },
  }
}

function watch(
  service: Parameters<Dialect['watch']>[0],
  { user, requestId }: { readonly user: string; readonly requestId: string },
  cutAfter?: number,
) {
  const path = `/v1/chat/completions/chatcmpl-${requestId}?stream=true&include_usage=true`
  return openStream(service, { path, user }, cutAfter)
}
