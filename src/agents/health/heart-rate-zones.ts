import * as z from 'zod'
import { defineTool } from '../agent.ts'
import { adultAge, figure, rounded } from './figures.ts'

/** Zones as shares of the maximum, or of the reserve; the shares are those of common training practice. */
const ZONES = [
  ['very light', 0.5, 0.6],
  ['light', 0.6, 0.7],
  ['moderate', 0.7, 0.8],
  ['hard', 0.8, 0.9],
  ['maximum', 0.9, 1],
] as const

/**
 * Training zones in beats per minute. The maximum is 208 − 0.7 × age (Tanaka, Monahan and Seals, J Am Coll Cardiol
 * 2001;37:153), true within about ± 10 for one person. With the pulse at rest the shares are of the heart rate reserve
 * and rest is added (Karvonen, Kentala and Mustala 1957), otherwise of the maximum.
 */
export const heartRateZones = defineTool({
  name: 'heart_rate_zones',
  description: 'Maximum heart rate by age and the pulse zones for exercise and training, in beats per minute.',
  input: z.object({
    age: adultAge,
    resting_heart_rate: figure(
      25,
      120,
      'Pulse at rest in beats per minute; leave it out if it is not known.',
    ).optional(),
  }),
  run({ age, resting_heart_rate: rest }) {
    const maximum = 208 - 0.7 * age
    const base = rest ?? 0
    const at = (share: number): number => rounded(base + share * (maximum - base))
    return {
      maximum_bpm: rounded(maximum),
      resting_bpm: rest ?? null,
      method: rest === undefined ? 'share of the maximum' : 'share of the heart rate reserve (Karvonen)',
      zones: ZONES.map(([zone, from, to]) => ({ zone, from_bpm: at(from), to_bpm: at(to) })),
      maximum_by: 'Tanaka 2001: 208 − 0.7 × age, about ± 10 for one person; medicines such as beta blockers change it',
    }
  },
})
