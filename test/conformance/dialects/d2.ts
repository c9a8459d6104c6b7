import * as z from 'zod'
import { cancelByHttp } from '../cancel.ts'
import { type Ask, type Dialect, Draft } from '../dialect.ts'
import { openBegun, send } from '../reader.ts'
import { PLAIN } from './prompts.ts'
import { takeState } from './state.ts'

const STREAM = '/sse/ai-stream?subscriptions=ai_response'
const namedSchema = z.object({ request_id: z.string() })
const textSchema = z.object({ chunk: z.string() })
const endSchema = z.object({ status: z.literal('cancelled').optional() })
const dataSchema = z.looseObject({ client_id: z.unknown(), snapshot: z.boolean().optional() })

/** Contract D2: the trigger, and an event stream of all that is the user's. */
export const d2: Dialect = {
  name: 'D2',
  prompt: PLAIN,
  resumes: 'after',
  isOfOne: false,
  tells204: false,
  showsEnded: false,
  keys: ['field', 'header'],
  cancelled: 'cancelled',
  async start(service, ask, cutAfter) {
    const reader = await openBegun(service, { path: STREAM, user: ask.user }, cutAfter)
    // Whoever triggers must know that the stream is there, or the first events are a snapshot.
    const answer = await send(service, triggerOf(ask))
    if (!answer.ok) throw new Error(`trigger: ${answer.status} ${await answer.text()}`)
    return reader
  },
  resume: (service, { user }, { cursor }, cutAfter) =>
    openBegun(service, { path: STREAM, user, headers: { 'last-event-id': cursor } }, cutAfter),
  watch: (service, { user, epoch }, cutAfter) =>
    openBegun(service, { path: STREAM, user, headers: { 'last-event-id': `${epoch}-0` } }, cutAfter),
  cancel: cancelByHttp,
  requestIdIn: ({ data }) => namedSchema.safeParse(data).data?.request_id ?? null,
  messageOf(events, requestId) {
    const draft = new Draft()
    for (const event of events) {
      if (event.name === 'resync') takeState(draft, event.data, requestId)
      if (d2.requestIdIn(event) !== requestId) continue
      // Each connection has a name of its own, and some begin with a snapshot (RS6); the message is the same.
      const { client_id: _, snapshot: __, ...data } = dataSchema.parse(event.data)
      switch (event.name) {
        case 'stream_start':
          draft.clear()
          draft.add(data)
          break
        case 'chunk':
          draft.say(textSchema.parse(data).chunk)
          break
        case 'stream_complete':
          draft.add(data)
          draft.end(endSchema.parse(data).status ?? 'complete')
          break
        case 'stream_error':
          draft.add(data)
          draft.end('error')
      }
    }
    return draft.message()
  },
}

function triggerOf({ user, prompt, key, byToken }: Ask) {
  return {
    path: '/api/sse/trigger-stream',
    user,
    body: {
      prompt,
      ...(key?.as === 'field' && { request_id: key.value }),
      ...(byToken && { stream_config: { granularity: 'token' } }),
    },
    headers: { 'idempotency-key': key?.as === 'header' ? key.value : null },
  }
}
