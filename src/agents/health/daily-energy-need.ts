import * as z from 'zod'
import { defineTool } from '../agent.ts'
import { adultAge, heightCm, rounded, weightKg } from './figures.ts'

/** What the need at rest is multiplied with: the factors in common use with this equation. */
const ACTIVITY = { sedentary: 1.2, light: 1.375, moderate: 1.55, active: 1.725, very_active: 1.9 } as const

const LEVELS = [
  'sedentary',
  'light',
  'moderate',
  'active',
  'very_active',
] as const satisfies readonly (keyof typeof ACTIVITY)[]

/**
 * Energy that an adult needs a day to keep the weight, kcal. At rest: 10 × kg + 6.25 × cm − 5 × years, + 5 for men,
 * − 161 for women (Mifflin, St Jeor et al., Am J Clin Nutr 1990;51:241), which is within 10 % for most people.
 */
export const dailyEnergyNeed = defineTool({
  name: 'daily_energy_need',
  description: 'Calories (kcal) that an adult needs per day to keep the weight, by height, age, sex and activity.',
  input: z.object({
    weight_kg: weightKg,
    height_cm: heightCm,
    age: adultAge,
    sex: z
      .enum(['female', 'male'], { error: 'must be female or male: the equation has only these' })
      .describe('Sex, as the equation has it.'),
    activity: z
      .enum(LEVELS, { error: `must be one of ${LEVELS.join(', ')}` })
      .describe(
        'Activity: sedentary (hardly any exercise), light (1 to 3 days a week), moderate (3 to 5), active (6 to 7), very_active (hard exercise daily or physical work).',
      ),
  }),
  run({ weight_kg: weight, height_cm: height, age, sex, activity }) {
    const atRest = 10 * weight + 6.25 * height - 5 * age + (sex === 'male' ? 5 : -161)
    return {
      at_rest_kcal_per_day: rounded(atRest),
      activity_factor: ACTIVITY[activity],
      total_kcal_per_day: rounded(atRest * ACTIVITY[activity]),
      equation: 'Mifflin-St Jeor 1990, within 10 % for most adults; it does not fit pregnancy or breastfeeding',
    }
  },
})
