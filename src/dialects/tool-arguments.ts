import { parseJson } from '../core/json.ts'

/**
 * The arguments of a call as an object, for wires that promise one. A model writes what it likes: nesting is bounded, since
 * what comes out is written as JSON again, and that has a stack too.
 * @param text JSON as the model wrote it; nothing at all is a call without arguments
 * @returns null when it is no object
 */
export function argumentsOf(text: string): object | null {
  if (text.trim() === '') return {}
  try {
    const raw = parseJson(text, 'The arguments')
    return typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? raw : null
  } catch {
    return null
  }
}
