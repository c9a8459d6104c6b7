import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitFences } from '../../src/web/fences.ts'

const lineArb = fc.oneof(fc.constantFrom('```', '```js', ''), fc.string({ unit: 'grapheme' }))
const isFence = (line: string): boolean => /^ {0,3}```[^`]*$/.test(line)
const wordsOf = (lines: readonly string[]): readonly string[] =>
  lines
    .filter((line) => !isFence(line))
    .join('\n')
    .split(/\s+/)
    .filter((word) => word !== '')

describe('code fences', () => {
  it('[WB1] cuts an answer into text and code, as text', () => {
    expect(splitFences('Look:\n\n```ts\nlet a = 1\n```\nDone <b>.')).toEqual([
      { kind: 'text', text: 'Look:', language: '' },
      { kind: 'code', text: 'let a = 1', language: 'ts' },
      { kind: 'text', text: 'Done <b>.', language: '' },
    ])
  })

  it('[WB1] a fence that is still being written runs to the end', () => {
    expect(splitFences('```py\nprint(1)')).toEqual([{ kind: 'code', text: 'print(1)', language: 'py' }])
  })

  it('[WB1] every word that is on no fence line is shown, in order', () => {
    fc.assert(
      fc.property(fc.array(lineArb), (lines) => {
        const shown = splitFences(lines.join('\n')).flatMap((part) => part.text.split('\n'))
        const wanted = lines.join('\n').split('\n')
        expect(wordsOf(shown)).toEqual(wordsOf(wanted))
      }),
    )
  })
})
