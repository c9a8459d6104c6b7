import type { Agent } from '../agent.ts'
import { bloodPressureCategory } from './blood-pressure-category.ts'
import { bodyMassIndex } from './body-mass-index.ts'
import { dailyEnergyNeed } from './daily-energy-need.ts'
import { heartRateZones } from './heart-rate-zones.ts'
import { NO_DOCTOR, NOTICE, URGENT } from './safety.ts'
import { sleepDebt } from './sleep-debt.ts'
import { cardiology, medicationSafety, nutrition, sleep } from './specialists.ts'

const INSTRUCTIONS = [
  'You are the lead health analyst of a health team. People bring you questions about their health.',
  NO_DOCTOR,
  [
    'How you work:',
    '- Consult each specialist whose field the question touches, all of them in one turn. A specialist sees nothing but ' +
      'your question, so put into it every figure and circumstance that matters.',
    '- Work out figures by your tools, never in your head. If a number that a tool needs is missing, ask for it; guess none.',
    '- Small talk, and questions that a tool answers alone, need no specialist.',
    '- If a specialist or a tool fails, say what is missing and answer with what you have.',
  ].join('\n'),
  'Then answer in plain words: what it comes to first, then why, then what to do next and when to see a doctor. Say ' +
    'whose view is whose where the specialists differ, and say what is uncertain.',
  URGENT,
  `End your answer with these sentences, word for word: ${NOTICE}`,
].join('\n\n')

/** The lead analyst behind the chat of contract D3. */
export const health: Agent = {
  name: 'health',
  title: 'Lead health analyst',
  about: 'Answers questions about health, with a team of specialists and with calculators.',
  instructions: INSTRUCTIONS,
  notice: NOTICE,
  tools: [bodyMassIndex, bloodPressureCategory, heartRateZones, sleepDebt, dailyEnergyNeed],
  specialists: [cardiology, sleep, nutrition, medicationSafety],
  // One to consult, one or two for figures that follow from the findings, one to mend a call, one to answer.
  maxTurns: 5,
}
