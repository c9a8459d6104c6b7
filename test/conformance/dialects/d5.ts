import * as z from 'zod'
import { cancelByHttp } from '../cancel.ts'
import { type Ask, type Dialect, Draft, type WireEvent } from '../dialect.ts'
import { type Opening, openBegun, openStream, send } from '../reader.ts'
import { headerOf } from './d3.ts'
import { TODOS } from './prompts.ts'

const PATH = '/api/todos/agent-create/stream'

const contentSchema = z.object({ content: z.string() })
const eventSchema = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('session_initialized'),
    data: z.object({ session_id: z.string(), request_id: z.string() }),
  }),
  z.object({ event: z.literal('agent_updated'), data: z.looseObject({ name: z.string() }) }),
  z.object({ event: z.enum(['message_delta', 'message']), data: contentSchema }),
  z.object({
    event: z.literal('tool_call'),
    data: z.looseObject({ tool_name: z.string(), arguments: z.record(z.string(), z.unknown()) }),
  }),
  z.object({ event: z.literal('tool_result'), data: z.looseObject({ output: z.unknown() }) }),
  z.object({ event: z.literal('completed'), data: z.object({ final_message: z.string() }) }),
  z.object({
    event: z.literal('history'),
    data: z.array(z.object({ role: z.enum(['user', 'assistant']), content: z.string() })),
  }),
  z.object({
    event: z.literal('error'),
    data: z.object({ status: z.literal('error'), message: z.string(), code: z.string() }),
  }),
])
type TodoEvent = z.output<typeof eventSchema>
/** One that stands alone is not gathered. */
const batchSchema = z.array(z.object({ event: z.string(), data: z.unknown() })).min(2)
const todosSchema = z.object({ todos: z.array(z.object({ item: z.string(), start_time: z.string() })) })

/** How a reader asks, and how it goes on. */
interface Way {
  readonly name: string
  readonly batching: boolean
  /** Goes on from a cursor. */
  readonly onward: (ask: Ask, cursor: string, requestId: string | null) => Opening
}

/** Contract D5: the todo agent. */
function todos({ name, batching, onward }: Way): Dialect {
  const asked = ({ user, prompt, key }: Ask): Opening => ({
    path: PATH,
    user,
    body: {
      messages: [{ role: 'user', content: prompt }],
      ...(batching && { batch: true }),
      ...(key?.as === 'field' && { request_id: key.value }),
    },
    headers: { 'idempotency-key': headerOf(key) },
  })
  const watched = (user: string, requestId: string): Opening => ({
    path: `${PATH}?request_id=${requestId}${batching ? '&batch=true' : ''}`,
    user,
  })
  return {
    name,
    prompt: TODOS,
    resumes: 'after',
    isOfOne: true,
    tells204: true,
    showsEnded: true,
    keys: ['field', 'header'],
    cancelled: 'cancelled',
    start: (service, ask, cutAfter) => openBegun(service, asked(ask), cutAfter),
    resume(service, ask, { cursor, requestId }, cutAfter) {
      if (cursor !== null) return openStream(service, onward(ask, cursor, requestId), cutAfter)
      // Cut before the first id, it has the request's name at least.
      return openStream(service, requestId === null ? asked(ask) : watched(ask.user, requestId), cutAfter)
    },
    watch: (service, { user, requestId }, cutAfter) => openStream(service, watched(user, requestId), cutAfter),
    cancel: cancelByHttp,
    ...(batching && { apart }),
    requestIdIn: (event) => {
      const [first] = eventsIn(event, batching)
      return first?.event === 'session_initialized' ? first.data.request_id : null
    },
    messageOf: (events) => messageOf(events.flatMap((event) => eventsIn(event, batching))),
    async leaves(service, user) {
      const answer = await send(service, { path: '/api/todos', user })
      return todosSchema.parse(await answer.json()).todos.map(({ item, start_time }) => `${item}, ${start_time}`)
    },
  }
}

/** Sends again what was sent, with the cursor. */
export const d5 = todos({
  name: 'D5',
  batching: false,
  onward: ({ user, prompt }, cursor) => ({
    path: PATH,
    user,
    body: { messages: [{ role: 'user', content: prompt }] },
    headers: { 'last-event-id': cursor },
  }),
})

/** Goes on as an EventSource does, by GET; small events come gathered. */
export const d5Batches = todos({
  name: 'D5 with batches',
  batching: true,
  onward: ({ user }, cursor, requestId) => ({
    path: `${PATH}?batch=true${requestId === null ? '' : `&request_id=${requestId}`}`,
    user,
    headers: { 'last-event-id': cursor },
  }),
})

function apart({ id, name, data }: WireEvent): readonly WireEvent[] {
  if (name !== 'batch') return [{ id, name, data }]
  return batchSchema.parse(data).map((one, i, { length }) => {
    return { id: i === length - 1 ? id : null, name: one.event, data: one.data }
  })
}

/** @throws Error for what is no event of this contract; for a batch too, where none was asked for */
function eventsIn(event: WireEvent, batching: boolean): readonly TodoEvent[] {
  const events = batching ? apart(event) : [event]
  return events.map(({ name, data }) => eventSchema.parse({ event: name, data }))
}

/** @throws Error when the end repeats another answer than that of the deltas, or comes in another order */
function messageOf(events: readonly TodoEvent[]) {
  const draft = new Draft()
  let before: TodoEvent | null = null
  for (const one of events) {
    if (before?.event === 'history') throw new Error(`${one.event} comes after the history`)
    if (one.event === 'message_delta') draft.say(one.data.content)
    else draft.add(one)
    if (one.event === 'history') {
      if (before !== null && before.event !== 'completed') throw new Error(`the history comes after ${before.event}`)
      draft.end('complete')
    }
    if (one.event === 'error') draft.end(one.data.code === 'cancelled' ? 'cancelled' : 'error')
    before = one
  }
  const message = draft.message()
  for (const repeated of repeatedIn(events)) {
    // Who comes late has the end of the deltas only.
    const isWhole = events[0]?.event === 'session_initialized'
    if (isWhole ? repeated !== message.text : !repeated.endsWith(message.text)) {
      throw new Error(`the end repeats ${JSON.stringify(repeated)}, the deltas were ${JSON.stringify(message.text)}`)
    }
  }
  return message
}

/** The answer as its end repeats it, each time. */
function repeatedIn(events: readonly TodoEvent[]): readonly string[] {
  return events.flatMap((one) => {
    if (one.event === 'message') return [one.data.content]
    if (one.event === 'completed') return [one.data.final_message]
    return one.event === 'history' ? [one.data.at(-1)?.content ?? ''] : []
  })
}
