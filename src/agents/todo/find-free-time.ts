import * as z from 'zod'
import { defineTool } from '../agent.ts'
import { refusing, todosOf } from './find.ts'
import { freeIn, type Span, workingHours } from './free-time.ts'
import { rangeOf, timeWordsSchema } from './resolve.ts'
import { WORKDAY } from './when.ts'
import { addDays, dayOf, Zone } from './zone.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** Free time that has begun already is told from the next quarter of an hour on. */
const QUARTER = 15 * MINUTE
/** Days that are looked at when nobody says which, and at most. */
const USUAL_DAYS = 7
const MOST_DAYS = 62
const MOST_SLOTS = 20

export const findFreeTime = defineTool({
  name: 'find_free_time',
  description:
    'Finds time in which nothing is planned, from 9 to 18 in the time zone of the user unless other hours are asked for.',
  needsTime: true,
  input: z.object({
    from: timeWordsSchema
      .optional()
      .describe('ISO 8601 or words; default: now. A day or a period without `to` stands for all of it.'),
    to: timeWordsSchema.optional().describe(`Likewise; default: ${USUAL_DAYS} days after \`from\`.`),
    duration_minutes: z.number().int().min(5).max(1440).default(60).describe('Length, minutes.'),
    day_start_hour: z
      .number()
      .int()
      .min(0)
      .max(23)
      .default(WORKDAY.from / HOUR)
      .describe('Nothing before this hour of a day.'),
    day_end_hour: z
      .number()
      .int()
      .min(1)
      .max(24)
      .default(WORKDAY.to / HOUR)
      .describe('Nothing after this hour of a day.'),
  }),
  run: ({ from, to, duration_minutes, day_start_hour, day_end_hour }, context) => {
    const store = todosOf(context)
    const zone = new Zone(context.timeZone)
    const now = context.now()
    const asked = refusing(() => rangeOf(from, to, { now, timeZone: context.timeZone }))
    const begin = asked.from ?? now
    const span = bounded({ from: begin, to: asked.to ?? endOf(begin, from !== undefined, zone) }, now, zone)
    // Hours that were asked for (`tomorrow evening`) count as they are; days are cut to working hours.
    const isHours = asked.from !== undefined && asked.to !== undefined && asked.to - asked.from < 20 * HOUR
    const hours = { from: day_start_hour * HOUR, to: day_end_hour * HOUR }
    const spans = isHours ? [span] : workingHours(span, zone, hours)
    const busy = store.list({ status: 'pending', to: span.to })
    const free = freeIn(spans, busy, duration_minutes * MINUTE)
    return {
      duration_minutes,
      from: zone.iso(span.from),
      to: zone.iso(span.to),
      time_zone: zone.name,
      slots: free.slice(0, MOST_SLOTS).map((slot) => ({
        start_time: zone.iso(slot.from),
        end_time: zone.iso(slot.to),
        minutes: Math.floor((slot.to - slot.from) / MINUTE),
      })),
      total: free.length,
    }
  },
})

/** Where it ends if nobody says: with its own day when a time was named, else after a week. */
function endOf(begin: number, isNamed: boolean, zone: Zone): number {
  return zone.instantAt(addDays(dayOf(zone.wallAt(begin)), isNamed ? 1 : USUAL_DAYS))
}

/** Nothing before the next quarter of an hour, and not too much. */
function bounded({ from, to }: Span, now: number, zone: Zone): Span {
  const begin = Math.max(from, Math.ceil(now / QUARTER) * QUARTER)
  const most = zone.instantAt(addDays(zone.wallAt(begin), MOST_DAYS))
  return { from: begin, to: Math.max(begin, Math.min(to, most)) }
}
