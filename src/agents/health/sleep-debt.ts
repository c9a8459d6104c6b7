import * as z from 'zod'
import { defineTool } from '../agent.ts'
import { figure, rounded } from './figures.ts'

/**
 * Hours that an adult needs if nothing else is known: the middle of 7 to 9 hours (National Sleep Foundation,
 * Hirshkowitz et al., Sleep Health 2015;1:40).
 */
const NEEDED_HOURS = 8

/**
 * How much sleep is missing over some nights: the sum of what is needed less the sum of what was slept, never below
 * none. Longer nights make up for shorter ones.
 */
export const sleepDebt = defineTool({
  name: 'sleep_debt',
  description:
    'Sleep debt over several nights: hours slept, mean per night, nights that were too short, hours missing.',
  input: z.object({
    hours_slept: z
      .array(figure(0, 24, 'Hours slept in one night.'), { error: 'must be a list of hours' })
      .min(1, { error: 'must have at least one night' })
      .max(60, { error: 'must have at most 60 nights' })
      .describe('Hours slept in each night, oldest first.'),
    needed_hours: figure(4, 14, 'Hours that the person needs per night; 8 if it is not known.').default(NEEDED_HOURS),
  }),
  run({ hours_slept: nights, needed_hours: needed }) {
    const slept = nights.reduce((sum, hours) => sum + hours, 0)
    return {
      nights: nights.length,
      needed_hours_per_night: needed,
      slept_hours: rounded(slept, 1),
      mean_hours_per_night: rounded(slept / nights.length, 1),
      short_nights: nights.filter((hours) => hours < needed).length,
      debt_hours: rounded(Math.max(0, needed * nights.length - slept), 1),
      need_by: 'National Sleep Foundation 2015: 7 to 9 hours for adults, 7 to 8 from 65 years on',
    }
  },
})
