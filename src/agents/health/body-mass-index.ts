import * as z from 'zod'
import { defineTool } from '../agent.ts'
import { heightCm, rounded, weightKg } from './figures.ts'

/** Where each class of adults begins, kg/m², highest first. World Health Organization, TRS 894 (2000) and TRS 854 (1995). */
const CLASSES = [
  [40, 'obesity class III'],
  [35, 'obesity class II'],
  [30, 'obesity class I'],
  [25, 'pre-obesity (overweight)'],
  [18.5, 'normal weight'],
  [17, 'mild thinness (underweight)'],
  [16, 'moderate thinness (underweight)'],
  [0, 'severe thinness (underweight)'],
] as const

/**
 * Body mass index of an adult: weight / height², with its WHO class and the weights of the normal class at that height.
 * The index is rounded to the two decimals of the WHO's table before it is classed, so that both agree as shown.
 */
export const bodyMassIndex = defineTool({
  name: 'body_mass_index',
  description:
    'Body mass index (BMI) of an adult from weight and height: its class (underweight, normal, overweight, obesity) and the normal weight at that height.',
  input: z.object({ weight_kg: weightKg, height_cm: heightCm }),
  run({ weight_kg: weight, height_cm: height }) {
    const square = (height / 100) ** 2
    const bmi = rounded(weight / square, 2)
    return {
      bmi_kg_per_m2: bmi,
      class: CLASSES.find(([from]) => bmi >= from)?.[1] ?? null,
      // Inwards, so that both ends are of the class.
      normal_weight_kg: { from: Math.ceil(18.5 * square * 10) / 10, to: Math.floor(24.99 * square * 10) / 10 },
      classes_by: 'World Health Organization, for adults of 20 years and more',
      limits: 'It does not tell muscle from fat, and it does not fit pregnancy.',
    }
  },
})
