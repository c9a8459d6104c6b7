import { expect, test } from 'vitest'
import { LIMITS, TODO_LIMITS } from '../../src/core/limits.ts'
import { BOUNDS, INTERNAL } from './bounds.ts'

test('[RL4] every limit is a bound on a stranger’s input with its code, or is told to be none', () => {
  const bounded = new Set(BOUNDS.map(({ name }) => name))
  const internal = Object.values(INTERNAL).flat()
  const known = [...Object.keys(LIMITS), ...Object.keys(TODO_LIMITS)]
  expect(known.filter((name) => !bounded.has(name) && !internal.includes(name))).toEqual([])
  // Neither is in both lists, nor in one and nowhere else.
  expect(internal.filter((name) => bounded.has(name) || !known.includes(name))).toEqual([])
})

test.each(BOUNDS)('[RL4] $name: $at is taken, beyond it is $code', async ({ at, beyond, code, ask }) => {
  expect(await ask(at)).toBeNull()
  expect(await ask(beyond)).toBe(code)
})
