import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { bestArguments, findArguments } from '../../src/providers/embedded-arguments.ts'

const object = (properties: Readonly<Record<string, unknown>>, required = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
})
const NUMBER = { type: 'number' }
const found = (properties: Readonly<Record<string, unknown>>, prompt: string, required?: string[]) =>
  findArguments(object(properties, required), prompt).value

describe('numbers', () => {
  const body = {
    weight_kg: { type: 'number', minimum: 20, maximum: 500 },
    height_cm: { type: 'number', minimum: 100, maximum: 250 },
  }

  test.each([
    ['My BMI at 82 kg and 180 cm?', { weight_kg: 82, height_cm: 180 }],
    ['I am 180 cm tall and weigh 82.5 kilos', { weight_kg: 82.5, height_cm: 180 }],
    ['1.80 m, 82kg', { weight_kg: 82, height_cm: 180 }],
    ['height 180, weight 82', { weight_kg: 82, height_cm: 180 }],
    ['82 and 180', { weight_kg: 82, height_cm: 180 }],
    ['since 2026-11-20 at 14:30 I have 82 and 180', { weight_kg: 82, height_cm: 180 }],
    ['200 pounds and 6 feet', { weight_kg: 90.7185, height_cm: 182.88 }],
    ['I am 182 cm', { height_cm: 182 }],
    ['8 hours, 3 times', {}],
  ])('[AG9] of weight and height in %j', (prompt, value) => {
    expect(found(body, prompt)).toEqual(value)
  })

  test.each([
    ['130/85', { systolic: 130, diastolic: 85 }],
    ['it is 130 / 85 mmHg today, 3 days in a row', { systolic: 130, diastolic: 85 }],
  ])('[AG9] of a blood pressure in %j', (prompt, value) => {
    expect(found({ diastolic: NUMBER, systolic: NUMBER }, prompt)).toEqual(value)
  })

  test.each([
    ['I slept 6, 5.5 and 7 hours; I need 8 hours', { hours_slept: [6, 5.5, 7], needed_hours: 8 }],
    ['I slept 5 hours', { hours_slept: [5] }],
    ['over 3 nights I slept 6 hours, 7 hours and 8 hours', { hours_slept: [6, 7, 8] }],
  ])('[AG9] of a list in %j', (prompt, value) => {
    const hours = { hours_slept: { type: 'array', items: NUMBER }, needed_hours: NUMBER }
    expect(found(hours, prompt, ['hours_slept'])).toEqual(value)
  })

  test.each([
    ['10,000 steps', 10_000],
    ['1,5 km', 1.5],
    ['−4 and 7', -4],
    ['80-90', 80],
    ['B12 and 7', 7],
    [`${'9'.repeat(400)} and 7`, 7],
  ])('[AG9] in %j the first is %d', (prompt, value) => {
    expect(found({ x: NUMBER }, prompt)).toEqual({ x: value })
  })

  test('[AG9] an optional one is taken only where its name or its unit is near', () => {
    expect(found({ age: NUMBER }, 'I have 3 dogs', [])).toEqual({})
    expect(found({ age: NUMBER }, 'I am 35 years old', [])).toEqual({ age: 35 })
    expect(found({ age: NUMBER }, 'age 35', [])).toEqual({ age: 35 })
  })

  test('[AG9] numbers that are said with their names are found, in any order', () => {
    const names = ['amount', 'limit', 'depth', 'width', 'budget'] as const
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 }),
        fc.array(fc.integer({ min: -1000, max: 99_999 }), { minLength: 5, maxLength: 5 }),
        fc.constantFrom(...names),
        (order, values, first) => {
          const said = order.map((name, i) => [name, values[i] ?? 0] as const)
          const listed = Object.fromEntries(
            said.toSorted(([a], [b]) => Number(b === first) - Number(a === first)).map(([name]) => [name, NUMBER]),
          )
          const prompt = said.map(([name, value]) => `the ${name} is ${value}.`).join(' ')
          expect(found(listed, prompt)).toEqual(Object.fromEntries(said))
        },
      ),
    )
  })
})

describe('other values', () => {
  test.each([
    ['a very active woman', { sex: 'female', activity: 'very_active' }],
    ['male, moderately active', { sex: 'male', activity: 'active' }],
    ['Very-Active MALE', { sex: 'male', activity: 'very_active' }],
    ['nothing of it', {}],
  ])('[AG9] of a choice in %j', (prompt, value) => {
    const choices = { sex: { enum: ['female', 'male'] }, activity: { type: 'string', enum: ['active', 'very_active'] } }
    expect(found(choices, prompt)).toEqual(value)
  })

  test.each([
    ["What's the weather in New York today?", 'New York'],
    ['Weather for Zürich, please', 'Zürich'],
    ['Is it warm at “the old mill”?', 'the old mill'],
    ['what is the weather', undefined],
  ])('[AG9] of a place in %j', (prompt, city) => {
    expect(found({ city: { type: 'string' } }, prompt)).toEqual(city === undefined ? {} : { city })
  })

  test.each([
    ['What is (3 + 4) * 2.5?', '(3 + 4) * 2.5'],
    ['What is love?', undefined],
  ])('[AG9] of a sum in %j', (prompt, expression) => {
    expect(found({ expression: { type: 'string' } }, prompt)).toEqual(expression === undefined ? {} : { expression })
  })

  test('[AG9] a question is the whole prompt, of at most 500 characters', () => {
    expect(found({ question: { type: 'string' } }, ' Why? ')).toEqual({ question: 'Why?' })
    expect(found({ question: { type: 'string' } }, 'why '.repeat(500))).toEqual({ question: 'why '.repeat(125) })
    expect(found({ question: { type: 'string', maxLength: 5 } }, 'Why so?')).toEqual({ question: 'Why s' })
  })

  test.each([
    ['include tags', true],
    ['do not include the tags', false],
    ['hello', undefined],
  ])('[AG9] of yes or no in %j', (prompt, tags) => {
    expect(found({ tags: { type: 'boolean' } }, prompt)).toEqual(tags === undefined ? {} : { tags })
  })

  test('[AG9] a default counts as said, a pattern is never guessed, null is the last choice', () => {
    expect(found({ x: { type: 'string', enum: ['a', 'b'], default: 'b' } }, 'so')).toEqual({ x: 'b' })
    expect(found({ x: { type: 'string', pattern: '^(a+)+$' } }, `${'a'.repeat(50)}!`)).toEqual({})
    expect(found({ age: { anyOf: [{ type: 'null' }, NUMBER] } }, 'age 4')).toEqual({ age: 4 })
    expect(found({ age: { type: ['null', 'integer'] } }, 'age 4')).toEqual({ age: 4 })
  })
})

const numberArb = fc
  .record({
    type: fc.constantFrom('number', 'integer'),
    from: fc.integer({ min: -50, max: 200 }),
    size: fc.integer({ min: 1, max: 300 }),
    isOpen: fc.boolean(),
  })
  .map(({ type, from, size, isOpen }) =>
    isOpen
      ? { type, exclusiveMinimum: from, exclusiveMaximum: from + size + 1 }
      : { type, minimum: from, maximum: from + size },
  )
const valueArb = fc.oneof(
  numberArb,
  fc.constantFrom(
    { type: 'number' },
    { type: 'integer', multipleOf: 5 },
    { type: 'boolean' },
    { anyOf: [{ type: 'null' }, { type: 'number' }] },
  ),
  fc.record({ enum: fc.uniqueArray(fc.constantFrom('low', 'high', 'very_high'), { minLength: 1 }) }),
  fc.record({
    type: fc.constant('string'),
    minLength: fc.integer({ min: 0, max: 12 }),
    maxLength: fc.integer({ min: 12, max: 40 }),
  }),
  fc.record({ type: fc.constant('string'), format: fc.constantFrom('date', 'date-time', 'email') }),
  fc.record({
    type: fc.constant('array'),
    items: numberArb,
    minItems: fc.integer({ min: 0, max: 3 }),
    maxItems: fc.integer({ min: 3, max: 4 }),
  }),
  fc.constant({ type: 'array', items: { enum: ['low', 'high'] }, uniqueItems: true, minItems: 1 }),
)
const propertiesArb = fc.dictionary(
  fc.constantFrom('weight_kg', 'height_cm', 'city', 'question', 'tags', 'hours_slept', 'level', 'mail'),
  valueArb,
)
const schemaArb = fc
  .record({ own: propertiesArb, inner: propertiesArb, optional: fc.array(fc.nat({ max: 7 })) })
  .map(({ own, inner, optional }) => {
    const properties = Object.keys(inner).length === 0 ? own : { ...own, more: object(inner) }
    return object(
      properties,
      Object.keys(properties).filter((_, i) => !optional.includes(i)),
    )
  })
const promptArb = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '82 kg',
        '1.80 m',
        '130/85',
        'weight',
        'height 170',
        'very high',
        'low',
        'no tags',
        'in Berlin',
        '6, 7 and 8 hours',
        'a@example.com',
        '2026-11-20',
        '2026-11-20T10:00:00Z',
        '“x”',
        '7',
      ),
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.integer().map(String),
      fc.double({ noNaN: true }).map(String),
    ),
    { maxLength: 10 },
  )
  .map((words) => words.join(' '))

describe('any schema', () => {
  const schemaSchema = z.custom<z.core.JSONSchema.JSONSchema>()
  const accepts = (schema: unknown, value: unknown): boolean =>
    z.fromJSONSchema(schemaSchema.parse(schema)).safeParse(value).success

  test('[AG9] what is found for all that is required is never refused by the schema itself', () => {
    fc.assert(
      fc.property(schemaArb, promptArb, (schema, prompt) => {
        const { value, isComplete } = findArguments(schema, prompt)
        expect(isComplete ? accepts(schema, value) : true).toBe(true)
        // What is found of the others fits too.
        expect(accepts({ ...schema, required: [] }, value)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('[AG9] arguments that have to be there whatever the prompt says are not refused either', () => {
    fc.assert(
      fc.property(schemaArb, promptArb, (schema, prompt) => {
        expect(accepts(schema, bestArguments(schema, prompt))).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('[AG9] no schema, however senseless, is a mistake', () => {
    fc.assert(
      fc.property(fc.jsonValue(), promptArb, (raw, prompt) => {
        const schema = typeof raw === 'object' && raw !== null ? raw : { properties: raw, required: raw }
        expect(() => [findArguments(schema, prompt), bestArguments(schema, prompt)]).not.toThrow()
      }),
    )
  })
})
