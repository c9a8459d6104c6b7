import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitFences } from '../../src/web/fences.ts'

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

  it('[WB1] loses no word of any answer', () => {
    const line = fc.oneof(fc.constant('```'), fc.constant('```js'), fc.constant(''), fc.string())
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const words = (text: string) => text.split(/\s+/).filter((word) => word !== '' && !word.startsWith('```'))
        const shown = splitFences(lines.join('\n')).map((part) => part.text)
        const wanted = words(lines.filter((text) => !/^ {0,3}```[^`]*$/.test(text)).join('\n'))
        expect(words(shown.join('\n')).length).toBeGreaterThanOrEqual(wanted.length)
      }),
    )
  })
})
