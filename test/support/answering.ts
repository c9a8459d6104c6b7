import type { ModelProvider, ModelRequest } from '../../src/core/model.ts'
import { Answering, type AnswerPart, type AttemptEnd } from '../../src/hub/answering.ts'

export const FIRST_TOKEN_MS = 8000
export const STALL_MS = 20_000

export const REQUEST: ModelRequest = {
  messages: [{ role: 'user', content: 'What is a freshet?' }],
  tools: [],
  toolChoice: 'auto',
  sampling: {},
  task: 'question',
  language: 'en',
  prefix: null,
}

/** What came of an answer's attempts. */
export interface Heard {
  readonly answering: Answering
  readonly parts: AnswerPart[]
  readonly ends: AttemptEnd[]
  /** What it threw, or null. */
  thrown: unknown
  isOver: boolean
}

/** Reads an answer to its end. The clock has to be moved for it to go on. */
export function listen(
  order: readonly ModelProvider[],
  more: { firstTokenMs?: number; stallMs?: number; onPart?: (part: AnswerPart, heard: Heard) => void } = {},
): Heard {
  const ends: AttemptEnd[] = []
  const answering = new Answering(order, REQUEST, {
    now: () => Date.now(),
    firstTokenMs: more.firstTokenMs ?? FIRST_TOKEN_MS,
    stallMs: more.stallMs ?? STALL_MS,
    deadline: Number.MAX_SAFE_INTEGER,
    settled: (end) => void ends.push(end),
  })
  const heard: Heard = { answering, parts: [], ends, thrown: null, isOver: false }
  const read = async (): Promise<void> => {
    try {
      for await (const part of answering.parts()) {
        heard.parts.push(part)
        more.onPart?.(part, heard)
      }
    } catch (error) {
      heard.thrown = error
    }
    heard.isOver = true
  }
  void read()
  return heard
}

export function textOf(parts: readonly AnswerPart[]): string {
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
}
