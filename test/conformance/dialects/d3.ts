import * as z from 'zod'
import { cancelByHttp } from '../cancel.ts'
import { type Ask, type Dialect, Draft } from '../dialect.ts'
import { type Opening, openBegun, openStream } from '../reader.ts'
import { HEALTH, PLAIN } from './prompts.ts'

const connectedSchema = z.object({ status: z.literal('connected'), request_id: z.string() })
const textSchema = z.object({ type: z.literal('text'), content: z.string() })
const updateSchema = z.looseObject({ type: z.enum(['tool_call', 'tool_result', 'specialist_update']) })
const doneSchema = z.object({ status: z.enum(['complete', 'cancelled']) })

/** What both ways of contract D3 share: the stream. A reader that comes back sends what it sent, with its cursor. */
function chat(name: string, prompt: string, openingOf: (ask: Ask) => Opening): Dialect {
  const withCursor = (ask: Ask, cursor: string | null): Opening => {
    const opening = openingOf(ask)
    return { ...opening, headers: { ...opening.headers, 'last-event-id': cursor } }
  }
  const dialect: Dialect = {
    name,
    prompt,
    resumes: 'after',
    isOfOne: true,
    tells204: true,
    showsEnded: true,
    keys: ['field', 'header'],
    cancelled: 'cancelled',
    start: (service, ask, cutAfter) => openBegun(service, openingOf(ask), cutAfter),
    resume: (service, ask, { cursor }, cutAfter) => openStream(service, withCursor(ask, cursor), cutAfter),
    watch: (service, { user, requestId }, cutAfter) =>
      openStream(service, { path: `/api/chat/stream?request_id=${requestId}`, user }, cutAfter),
    cancel: cancelByHttp,
    requestIdIn: ({ name: event, data }) => (event === 'connected' ? connectedSchema.parse(data).request_id : null),
    messageOf(events) {
      const draft = new Draft()
      for (const { name: event, data } of events) {
        if (event === 'message') {
          const text = textSchema.safeParse(data)
          if (text.success) draft.say(text.data.content)
          else draft.add(updateSchema.parse(data))
        } else if (event === 'done') draft.end(doneSchema.parse(data).status)
        else if (event === 'error') {
          draft.add(data)
          draft.end('error')
        }
      }
      return draft.message()
    },
  }
  return dialect
}

/** As an EventSource asks: what it can say is in the URL. */
export const d3Get = chat('D3 by GET', HEALTH, ({ user, prompt, key }) => {
  const query = new URLSearchParams({ message: prompt, ...(key?.as === 'field' && { request_id: key.value }) })
  return { path: `/api/chat/stream?${query}`, user, headers: { 'idempotency-key': headerOf(key) } }
})

/** With an agent that has no team: that of GET is tried enough. */
export const d3Post = chat('D3 by POST', PLAIN, ({ user, prompt, key }) => ({
  path: '/api/chat/message',
  user,
  body: { message: prompt, agent: 'assistant', ...(key?.as === 'field' && { request_id: key.value }) },
  headers: { 'idempotency-key': headerOf(key) },
}))

export function headerOf(key: Ask['key']): string | null {
  return key?.as === 'header' ? key.value : null
}
