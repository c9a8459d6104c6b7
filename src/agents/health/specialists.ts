import type { Agent } from '../agent.ts'
import { NO_DOCTOR, NOTICE, URGENT } from './safety.ts'

interface Part {
  readonly name: string
  readonly title: string
  /** Rich in the words of its field, and poor in others: a lead that matches words must find it. */
  readonly about: string
  /** "a cardiologist". */
  readonly part: string
  /** What a finding of it looks at. */
  readonly looksAt: string
}

/** A specialist answers one question in one turn, without tools: its lead has those. */
function specialist({ name, title, about, part, looksAt }: Part): Agent {
  return {
    name,
    title,
    about,
    instructions: [
      `You are ${part} on a health team. The lead of the team asks you one question and sees only your answer.`,
      NO_DOCTOR,
      `Look at ${looksAt}. Say what is likely, what is uncertain and what else one would have to know, in plain words ` +
        'and at most 150 words. Leave other fields to the others of the team. If a figure is missing, name it; make none up.',
      URGENT,
    ].join('\n\n'),
    notice: NOTICE,
    tools: [],
    specialists: [],
    maxTurns: 1,
  }
}

/** The heart and the circulation. */
export const cardiology = specialist({
  name: 'cardiology',
  title: 'Cardiologist',
  about:
    'Heart and circulation: blood pressure, hypertension, pulse, heart rate, heartbeat, palpitations, arrhythmia, ' +
    'cholesterol, chest pain, dizzy, fainting, stroke, veins, exercise, running, cycling and cardio training.',
  part: 'a cardiologist',
  looksAt: 'blood pressure, pulse, symptoms of the chest, risk factors, and how much exercise is sensible',
})

/** Nights and what follows from them. */
export const sleep = specialist({
  name: 'sleep',
  title: 'Sleep specialist',
  about:
    'Sleep: insomnia, falling asleep, being awake at night, snoring, apnea, naps, dreams, nightmares, bedtime, ' +
    'tired, sleepy, fatigue, drowsy, exhausted, restless legs, caffeine, coffee, night shifts, jet lag and melatonin.',
  part: 'a sleep specialist',
  looksAt: 'hours and regularity of sleep, what disturbs it, tiredness by day, and habits in the evening',
})

/** What one eats and drinks. */
export const nutrition = specialist({
  name: 'nutrition',
  title: 'Nutritionist',
  about:
    'Food and diet: eating, meals, breakfast, lunch, dinner, snacks, weight, overweight, calories, protein, carbs, ' +
    'sugar, fat, salt, fibre, vitamins, iron, vegetables, fruit, vegan, vegetarian, fasting and hydration.',
  part: 'a nutritionist',
  looksAt: 'what is eaten and drunk, energy and weight, what may be lacking or too much, and changes that last',
})

/** What one takes, and what does not go together. */
export const medicationSafety = specialist({
  name: 'medication-safety',
  title: 'Pharmacist',
  about:
    'Safety of medicines: medicine, medication, medications, drug, drugs, pill, pills, tablets, dose, doses, dosage, ' +
    'side effects, interaction, interactions, prescription, painkillers, ibuprofen, aspirin, paracetamol, ' +
    'acetaminophen, antibiotics, antidepressants, statins, warfarin, insulin, allergies, supplements and alcohol.',
  part: 'a pharmacist',
  looksAt: 'known interactions and side effects, usual doses on the label, and who should not take it at all',
})
