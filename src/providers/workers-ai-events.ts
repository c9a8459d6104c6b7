import * as z from 'zod'
import type { Translation } from './tidy-sse.ts'

/** An event in Workers AI's own format, which older models answer in; newer ones answer in OpenAI's. */
const eventSchema = z.object({
  choices: z.undefined().optional(),
  error: z.undefined().optional(),
  errors: z.undefined().optional(),
  response: z.union([z.string(), z.number().transform(String)]).nullish(),
  tool_calls: z
    .array(z.object({ id: z.string().optional(), name: z.string(), arguments: z.unknown().optional() }))
    .nullish(),
  usage: z.unknown().optional(),
})

/**
 * Says Workers AI's own events as OpenAI's. Those have no finish reason: their end is `[DONE]`. A call without an id
 * gets one that no other turn of the conversation has.
 */
export function workersAiEvents(): Translation {
  let own = false
  let toolCalls = 0
  return {
    event(data) {
      const { data: event } = eventSchema.safeParse(parsed(data))
      if (event === undefined) return data
      own = true
      const calls = (event.tool_calls ?? []).map((call) => {
        const index = toolCalls
        toolCalls += 1
        const args = typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments ?? {})
        return { index, id: call.id ?? crypto.randomUUID(), function: { name: call.name, arguments: args } }
      })
      const delta = { content: event.response ?? '', ...(calls.length === 0 ? {} : { tool_calls: calls }) }
      return JSON.stringify({ choices: [{ index: 0, delta }], usage: event.usage })
    },
    end() {
      if (!own) return null
      const reason = toolCalls === 0 ? 'stop' : 'tool_calls'
      return JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: reason }] })
    },
  }
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return null
  }
}
