import * as z from 'zod'
import type { Draft } from '../dialect.ts'

const stateSchema = z.object({
  messages: z.array(
    z.object({
      request_id: z.string(),
      role: z.string(),
      content: z.string(),
      status: z.enum(['complete', 'cancelled', 'error']),
    }),
  ),
  running: z.array(z.object({ request_id: z.string(), text: z.string() })),
})

/** The state of a `resync` in the place of what was gathered (RS3). */
export function takeState(draft: Draft, data: unknown, requestId: string): void {
  const { messages, running } = stateSchema.parse(data)
  draft.clear()
  for (const { request_id, text } of running) if (request_id === requestId) draft.say(text)
  for (const { request_id, role, content, status } of messages) {
    if (request_id !== requestId || role !== 'assistant') continue
    draft.say(content)
    draft.end(status)
  }
}
