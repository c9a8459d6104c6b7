import type * as z from 'zod'
import { type LogEventType, logEventSchema } from '../../core/events.ts'

/** The schema of a log event's data: what most dialects pass on as it is. */
export function logData(type: LogEventType): z.ZodObject {
  const option = logEventSchema.options.find(({ shape }) => shape.type.value === type)
  if (option === undefined) throw new Error(`the log has no ${type}`)
  return option.shape.data
}
