import * as z from 'zod'
import { cancelByHttp } from '../cancel.ts'
import { type Ask, type Dialect, Draft } from '../dialect.ts'
import { type Opening, openBegun, openStream } from '../reader.ts'
import { headerOf } from './d3.ts'
import { PLAIN } from './prompts.ts'

const eventSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('session_info'), session_id: z.string(), request_id: z.string() }),
  z.looseObject({ type: z.literal('status'), message: z.string() }),
  z.object({ type: z.literal('chunk'), text: z.string(), chunk_number: z.int(), is_final: z.boolean() }),
  z.looseObject({ type: z.literal('complete'), status: z.enum(['complete', 'cancelled']) }),
  z.looseObject({ type: z.literal('error'), message: z.string() }),
])

/** Contract D4: a turn of a conversation. */
export const d4: Dialect = {
  name: 'D4',
  prompt: PLAIN,
  resumes: 'after',
  isOfOne: true,
  tells204: true,
  showsEnded: true,
  keys: ['field', 'header'],
  cancelled: 'cancelled',
  start: (service, ask, cutAfter) => openBegun(service, turnOf(ask, null), cutAfter),
  resume: (service, ask, { cursor, requestId }, cutAfter) => {
    // Cut before the first id, it has the request's name at least.
    if (cursor === null && requestId !== null) return watch(service, { user: ask.user, requestId }, cutAfter)
    return openStream(service, turnOf(ask, cursor), cutAfter)
  },
  watch,
  cancel: cancelByHttp,
  requestIdIn: ({ data }) => {
    const event = eventSchema.parse(data)
    return event.type === 'session_info' ? event.request_id : null
  },
  messageOf(events) {
    const draft = new Draft()
    for (const event of events.map(({ data }) => eventSchema.parse(data))) {
      if (event.type === 'chunk') {
        draft.say(event.text)
        continue
      }
      draft.add(event)
      if (event.type === 'complete') draft.end(event.status)
      if (event.type === 'error') draft.end('error')
    }
    return draft.message()
  },
}

function turnOf({ user, prompt, key }: Ask, cursor: string | null): Opening {
  return {
    path: '/chat/stream',
    user,
    body: { message: prompt, ...(key?.as === 'field' && { request_id: key.value }) },
    headers: { 'idempotency-key': headerOf(key), 'last-event-id': cursor },
  }
}

function watch(
  service: Parameters<Dialect['watch']>[0],
  { user, requestId }: { readonly user: string; readonly requestId: string },
  cutAfter?: number,
) {
  return openStream(service, { path: `/chat/stream?request_id=${requestId}`, user }, cutAfter)
}
