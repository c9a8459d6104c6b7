import { describe, expect, it } from 'vitest'
import { agentOf } from '../../../src/agents/agents.ts'
import { health } from '../../../src/agents/health/health.ts'

const team = [health, ...health.specialists]

/** Words that say nothing about a field. */
const PLAIN = new Set(
  'and the at by for from her his have has hurt into like much too was what with you your'.split(' '),
)

function wordsOf(text: string): ReadonlySet<string> {
  return new Set((text.toLowerCase().match(/[a-z]{3,}/g) ?? []).filter((word) => !PLAIN.has(word)))
}

/** Specialists by how many words of their description are in a prompt, best first; those with none are left out. */
function matched(prompt: string): readonly string[] {
  const words = wordsOf(prompt)
  return health.specialists
    .map(({ name, about }) => ({ name, hits: [...wordsOf(about)].filter((word) => words.has(word)).length }))
    .filter(({ hits }) => hits > 0)
    .toSorted((a, b) => b.hits - a.hits)
    .map(({ name }) => name)
}

describe('the health team', () => {
  it('[AG1] is a lead with four specialists', () => {
    expect(agentOf('health')).toBe(health)
    expect(health.title).toBe('Lead health analyst')
    expect(health.specialists.map(({ name }) => name)).toEqual([
      'cardiology',
      'sleep',
      'nutrition',
      'medication-safety',
    ])
  })

  it('[AG1] everyone is told what it is, that it is no doctor, and that urgent signs come first', () => {
    for (const { instructions } of team) {
      expect(instructions).toMatch(/^You are (the|a) [a-z ]+ (on|of) a health team\. /)
      expect(instructions).toMatch(/you are no doctor/)
      expect(instructions).toMatch(/no medical advice/)
      expect(instructions).toMatch(/call the emergency services now/)
    }
  })

  it('[AG1] every answer says so too, whatever the model wrote', () => {
    for (const { notice } of team) {
      expect(notice).toMatch(/not a doctor/)
      expect(notice).toMatch(/not medical advice/)
      expect(notice).toMatch(/call the emergency services/)
    }
    expect(health.instructions.endsWith(health.notice ?? 'none')).toBe(true)
  })

  it('[AG4] specialists answer in one turn, with nobody to ask further', () => {
    for (const { maxTurns, specialists, tools } of health.specialists) {
      expect([maxTurns, specialists, tools]).toEqual([1, [], []])
    }
    expect(health.maxTurns).toBeGreaterThanOrEqual(3)
  })

  it('[AG4] the words of a question lead to the right specialist', () => {
    const asked: readonly (readonly [string, readonly string[]])[] = [
      ['My blood pressure was 150/95 this morning', ['cardiology']],
      ['I get palpitations after running', ['cardiology']],
      ['Is my cholesterol too high?', ['cardiology']],
      ['I am tired all day and snoring at night', ['sleep']],
      ['How bad is caffeine in the evening for insomnia?', ['sleep']],
      ['How much protein do I need to lose weight?', ['nutrition']],
      ['Which vitamins does a vegan diet lack?', ['nutrition']],
      ['Can I take ibuprofen with aspirin?', ['medication-safety']],
      ['What are the side effects of these pills?', ['medication-safety']],
      ['I sleep badly since I take medicine against high blood pressure', ['cardiology', 'sleep', 'medication-safety']],
    ]
    for (const [prompt, names] of asked)
      expect([prompt, matched(prompt).toSorted()]).toEqual([prompt, names.toSorted()])
    for (const prompt of ['Hello there!', 'What is the capital of France?', 'How is my health?'])
      expect(matched(prompt)).toEqual([])
  })

  it('[AG4] no word leads to two of them', () => {
    const seen = new Map<string, string>()
    for (const { name, about } of health.specialists) {
      for (const word of wordsOf(about)) {
        expect([word, seen.get(word) ?? name]).toEqual([word, name])
        seen.set(word, name)
      }
    }
  })
})
