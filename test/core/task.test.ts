import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { classify, TASK_CLASSES, type TaskClass } from '../../src/core/task.ts'
import { anyText } from '../support/any-text.ts'

describe('task classes', () => {
  it.each<[string, TaskClass]>([
    ['Write a function that sorts a list', 'code'],
    ['```\nlet x\n```', 'code'],
    ['Fix this BUG please', 'code'],
    ['Give me the latency of the last hour', 'monitoring'],
    ['Show the dashboard', 'monitoring'],
    ['System status', 'status'],
    ['are you up', 'status'],
    ['Compare tea and coffee', 'analysis'],
    ['Summarise the pros and cons', 'analysis'],
    ['A haiku about rivers', 'creative'],
    ['Tell me a story', 'creative'],
    ['hello there', 'conversation'],
    ['Thank you very much', 'conversation'],
    ['What is a freshet', 'question'],
    ['The river rises, does it not?', 'question'],
    ['Rivers of the north', 'general'],
    ['', 'general'],
    ['The statute of limitations', 'general'],
    ['A classic', 'general'],
    ['Rapid capital', 'general'],
  ])('[GE1] %j is %s', (prompt, task) => {
    expect(classify(prompt)).toBe(task)
  })

  it('[GE1] any prompt has a class, and its end does not matter after 2,000 characters', () => {
    fc.assert(
      fc.property(anyText(), (prompt) => {
        expect(TASK_CLASSES).toContain(classify(prompt))
      }),
    )
    expect(classify(`${'x'.repeat(2000)} write code?`)).toBe('general')
  })
})
