import * as z from 'zod'
import { defineTool, ToolRefusal } from '../agent.ts'
import { figure } from './figures.ts'

/** What is to be done about each category, in a sentence. */
const ADVICE = {
  low: 'Low values matter with dizziness, fainting or weakness; then see a doctor soon.',
  normal: 'Keep it so, and measure again within a year.',
  elevated: 'Habits can bring it down; measure again in 3 to 6 months.',
  'hypertension stage 1': 'One reading decides nothing: measure on several days and show the values to a doctor.',
  'hypertension stage 2': 'Measure again on the next days and see a doctor soon.',
  'hypertensive crisis':
    'Rest and measure again after 5 minutes. If it stays so high, see a doctor at once; with chest pain, trouble breathing, weakness, or trouble with sight or speech, call the emergency services now.',
} as const

type Category = keyof typeof ADVICE

/**
 * The category of one reading of an adult in mmHg; the higher of the two values decides.
 * 2017 ACC/AHA guideline (Whelton et al., Hypertension 2018;71:e13): normal < 120 and < 80, elevated 120–129 and < 80,
 * stage 1 130–139 or 80–89, stage 2 ≥ 140 or ≥ 90, crisis > 180 or > 120. The guideline has no lower end; "low" is
 * below 90 or below 60 (National Heart, Lung, and Blood Institute) where the other value is normal.
 */
function categoryOf(systolic: number, diastolic: number): Category {
  if (systolic > 180 || diastolic > 120) return 'hypertensive crisis'
  if (systolic >= 140 || diastolic >= 90) return 'hypertension stage 2'
  if (systolic >= 130 || diastolic >= 80) return 'hypertension stage 1'
  if (systolic >= 120) return 'elevated'
  return systolic < 90 || diastolic < 60 ? 'low' : 'normal'
}

/** What a blood pressure reading means. */
export const bloodPressureCategory = defineTool({
  name: 'blood_pressure_category',
  description:
    'Category of a blood pressure reading of an adult (normal, elevated, hypertension, crisis) and whether it is urgent.',
  input: z.object({
    systolic: figure(50, 300, 'Systolic blood pressure, the upper value, in mmHg.'),
    diastolic: figure(20, 200, 'Diastolic blood pressure, the lower value, in mmHg.'),
  }),
  run({ systolic, diastolic }) {
    if (systolic <= diastolic) {
      throw new ToolRefusal('The systolic value must be higher than the diastolic one. Ask for the reading again.')
    }
    const category = categoryOf(systolic, diastolic)
    return {
      systolic_mmhg: systolic,
      diastolic_mmhg: diastolic,
      category,
      urgent: category === 'hypertensive crisis',
      advice: ADVICE[category],
      categories_by: 'ACC/AHA guideline of 2017, for adults',
    }
  },
})
