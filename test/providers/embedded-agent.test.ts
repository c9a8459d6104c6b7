import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import type {
  ModelMessage,
  ModelPart,
  ModelRequest,
  ModelToolCall,
  ToolChoice,
  ToolSpec,
} from '../../src/core/model.ts'
import { EmbeddedProvider } from '../../src/providers/embedded.ts'
import { ask, run } from './helpers.ts'

const number = (description: string, minimum: number, maximum: number) => ({
  type: 'number',
  description,
  minimum,
  maximum,
})
const tool = (name: string, description: string, properties: object, required = Object.keys(properties)): ToolSpec => ({
  name,
  description,
  parameters: { type: 'object', properties, required },
})
const consult = (name: string, about: string): ToolSpec =>
  tool(`consult_${name}`, about, { question: { type: 'string', minLength: 1, maxLength: 10_000 } })

const BMI = tool('body_mass_index', 'Body mass index (BMI) of an adult from weight and height.', {
  weight_kg: number('Body weight in kilograms.', 20, 500),
  height_cm: number('Body height in centimetres.', 100, 250),
})
const PRESSURE = tool('blood_pressure_category', 'Category of a blood pressure reading.', {
  systolic: number('The upper value, in mmHg.', 50, 300),
  diastolic: number('The lower value, in mmHg.', 20, 200),
})
const WEATHER = tool('get_weather', 'Current weather of a place.', {
  city: { type: 'string' },
  unit: { enum: ['celsius', 'fahrenheit'], default: 'celsius' },
})
const HEART = consult('cardiology', 'Cardiologist. Heart and circulation: blood pressure, pulse, palpitations.')
const SLEEP = consult('sleep', 'Sleep specialist. Sleep: insomnia, awake at night, snoring, tired.')
const FOOD = consult('nutrition', 'Nutritionist. Food and diet: meals, weight, overweight, sugar.')
const PILLS = consult('medication_safety', 'Pharmacist. Medicines: pills, dose, ibuprofen, aspirin.')
const NERVES = consult('neurology', 'Neurologist. Nerves: headache, migraine.')
const TOOLS = [BMI, PRESSURE, WEATHER, HEART, SLEEP, FOOD, PILLS, NERVES]

const provider = new EmbeddedProvider({ name: 'demo', model: 'm', base_url: 'embedded:?tokens_per_second=0' })
const asking = (prompt: string, more: Partial<ModelRequest> = {}): ModelRequest => ({
  ...ask(prompt),
  tools: TOOLS,
  ...more,
})

function callsOf(parts: readonly ModelPart[]): readonly ModelToolCall[] {
  return parts.flatMap((part) =>
    part.type === 'tool_call' ? [{ id: part.id, name: part.name, arguments: part.arguments }] : [],
  )
}
async function calls(prompt: string, more: Partial<ModelRequest> = {}): Promise<readonly [string, unknown][]> {
  const { parts } = await run(provider, asking(prompt, more))
  return callsOf(parts).map(({ name, arguments: text }): [string, unknown] => [name, JSON.parse(text)])
}
const names = async (prompt: string, more: Partial<ModelRequest> = {}) =>
  (await calls(prompt, more)).map(([name]) => name)

/** Goes on until there is an answer: what a runner of tools does. */
async function converse(request: ModelRequest, output: (call: ModelToolCall) => string, most: number) {
  let { messages } = request
  const made: ModelToolCall[] = []
  for (let turns = 1; turns <= most; turns += 1) {
    const { parts, text, failure } = await run(provider, { ...request, messages })
    expect(failure).toBeNull()
    const toolCalls = callsOf(parts)
    expect(parts.at(-1)).toMatchObject({ type: 'finish', reason: toolCalls.length === 0 ? 'stop' : 'tool_calls' })
    if (toolCalls.length === 0) return { turns, text, made }
    made.push(...toolCalls)
    const outputs = toolCalls.map((call) => ({
      role: 'tool' as const,
      callId: call.id,
      name: call.name,
      content: output(call),
    }))
    messages = [...messages, { role: 'assistant', content: text, toolCalls }, ...outputs]
  }
  throw new Error('no answer')
}

describe('which tools are called', () => {
  test.each([
    ['What is my BMI at 82 kg and 1.80 m?', 'body_mass_index', { weight_kg: 82, height_cm: 180 }],
    ['My blood pressure is 130/85', 'blood_pressure_category', { systolic: 130, diastolic: 85 }],
    ['How is the weather in Rome?', 'get_weather', { city: 'Rome', unit: 'celsius' }],
  ])('[AG9] %j calls %s', async (prompt, name, args) => {
    expect(await calls(prompt, { tools: [BMI, PRESSURE, WEATHER] })).toEqual([[name, args]])
  })

  test.each([
    ['What is my BMI?', 'numbers are missing'],
    ['What is my BMI at 82 kg and 18 m?', 'a number cannot be'],
    ['Rome has 3 rivers of 130 and 180 km', 'it is about something else'],
    ['And the weather?', 'the place is missing'],
  ])('[AG9] %j calls none, since %s', async (prompt) => {
    expect(await calls(prompt, { tools: [BMI, PRESSURE, WEATHER] })).toEqual([])
  })

  test.each([
    ['I am awake at night and my heart races', ['consult_sleep', 'consult_cardiology']],
    ['Ibuprofen for a headache?', ['consult_medication_safety', 'consult_neurology']],
    ['What is the meaning of life?', ['consult_cardiology']],
    ['My BMI at 82 kg and 1.80 m?', ['body_mass_index', 'consult_nutrition']],
    [
      'heart, insomnia, snoring, meals, pills, headache',
      expect.toSatisfy((list: readonly string[]) => list.length === 4),
    ],
  ])('[AG9] %j asks those whose field it is', async (prompt, expected) => {
    const called = await calls(prompt)
    expect(called.map(([name]) => name)).toEqual(expected)
    for (const [name, args] of called) if (name.startsWith('consult_')) expect(args).toEqual({ question: prompt })
  })

  test('[AG9] nobody is consulted for small talk', async () => {
    expect(await names('Hello there', { task: 'conversation' })).toEqual([])
  })

  test('[AG9] the choice is kept to: none, one of them, this one', async () => {
    expect(await names('My blood pressure is 130/85', { toolChoice: 'none' })).toEqual([])
    expect(await names('Hm', { tools: [BMI, WEATHER], toolChoice: 'required' })).toHaveLength(1)
    expect(await names('And the weather?', { tools: [BMI, WEATHER], toolChoice: 'required' })).toEqual(['get_weather'])
    expect(await names('My blood pressure is 130/85', { toolChoice: { name: 'get_weather' } })).toEqual(['get_weather'])
    expect(await names('My blood pressure is 130/85', { toolChoice: { name: 'no_such' } })).toEqual([])
  })

  test('[AG9] a few words come before the calls, and each call has an id of its own', async () => {
    const { parts, text } = await run(provider, asking('My blood pressure is 130/85 and I am awake at night'))
    const made = callsOf(parts)
    expect(text).toMatch(/\w\.$/)
    expect(made).toHaveLength(3)
    expect(new Set(made.map(({ id }) => id)).size).toBe(3)
    expect(parts.map(({ type }) => type)).toEqual([
      ...parts.slice(0, -4).map(() => 'text'),
      'tool_call',
      'tool_call',
      'tool_call',
      'finish',
    ])
  })

  test('[AG9] the same call for another prompt of the conversation has another id', async () => {
    const first = await run(provider, asking('My heart races'))
    const [call] = callsOf(first.parts)
    if (call === undefined) throw new Error('no call')
    const messages: readonly ModelMessage[] = [
      { role: 'user', content: 'My heart races' },
      { role: 'assistant', content: first.text, toolCalls: [call] },
      { role: 'tool', callId: call.id, name: call.name, content: 'Rest more.' },
      { role: 'assistant', content: 'Rest more.' },
      { role: 'user', content: 'My heart races' },
    ]
    const [again] = callsOf((await run(provider, asking('', { messages }))).parts)
    expect(again).toEqual({ ...call, id: expect.not.stringMatching(call.id) })
  })

  test('[AG9] the text before a call can be gone on with, and the calls still follow', async () => {
    const whole = await run(provider, asking('My blood pressure is 130/85'))
    for (const at of [0, 3, whole.text.length]) {
      const rest = await run(provider, asking('My blood pressure is 130/85', { prefix: whole.text.slice(0, at) }))
      expect(whole.text.slice(0, at) + rest.text).toBe(whole.text)
      expect(callsOf(rest.parts)).toEqual(callsOf(whole.parts))
    }
    expect(
      callsOf((await run(provider, asking('My blood pressure is 130/85', { prefix: 'Others say' }))).parts),
    ).toEqual(callsOf(whole.parts))
  })

  test('[AG9] faults count the words before a call', async () => {
    const cuts = new EmbeddedProvider({ name: 'd', model: 'm', base_url: 'embedded:?tokens_per_second=0&cut_after=2' })
    const { parts, failure } = await run(cuts, asking('My blood pressure is 130/85'))
    expect(failure?.code).toBe('provider_cut')
    expect(parts.map(({ type }) => type)).toEqual(['text', 'text'])
  })
})

describe('what is said of the outputs', () => {
  const answer = async (
    output: string,
    prompt = 'My blood pressure is 130/85',
    tools: readonly ToolSpec[] = [PRESSURE],
  ) => (await converse(asking(prompt, { tools }), () => output, 2)).text

  test('[AG9] the fields of a JSON output are said in words', async () => {
    const text = await answer('{"category":"hypertension stage 1","systolic_mmhg":130,"urgent":false,"note":null}')
    expect(text).toContain(
      'Blood pressure category: category is hypertension stage 1; systolic is 130 mmhg; urgent is no.',
    )
    expect(text).toContain('“My blood pressure is 130/85”')
    expect(text).not.toMatch(/[{}]|null/)
  })

  test('[AG9] a finding is quoted by its first sentences under the name of who found it', async () => {
    const finding = 'From the cardiology side: rest more. It is 3.5 times “a. b. c” as likely. And much more.'
    expect(await answer(finding, 'My heart races', [HEART])).toContain(
      'Cardiologist: “Rest more. It is 3.5 times ‘a. b. c’ as likely.”',
    )
  })

  test('[AG9] an error is said plainly, and then nothing is made of it', async () => {
    const text = await answer('{"error":"The reading is too old."}')
    expect(text).toContain('Blood pressure category could not help: The reading is too old.')
    expect(text).not.toMatch(/Taken together|side by side/)
  })

  test('[AG9] it says so too when it gets no tools any more', async () => {
    const messages: readonly ModelMessage[] = [
      { role: 'user', content: 'My heart races' },
      {
        role: 'assistant',
        content: '',
        toolCalls: [{ id: '1', name: 'consult_cardiology', arguments: '{"question":"q"}' }],
      },
      { role: 'tool', callId: '1', name: 'consult_cardiology', content: 'Rest more.' },
    ]
    expect((await run(provider, asking('', { messages, tools: [] }))).text).toContain('Cardiology: “Rest more.”')
  })

  test('[AG9] a new prompt is a new matter, and outputs are no turns of the conversation', async () => {
    const { parts, text } = await run(
      provider,
      asking('', {
        tools: [PRESSURE],
        messages: [
          { role: 'user', content: 'My blood pressure is 130/85' },
          {
            role: 'assistant',
            content: '',
            toolCalls: [{ id: '1', name: PRESSURE.name, arguments: '{"systolic":130,"diastolic":85}' }],
          },
          { role: 'tool', callId: '1', name: PRESSURE.name, content: '{"category":"x"}' },
          { role: 'assistant', content: 'It is x.' },
          { role: 'user', content: 'Thank you' },
        ],
      }),
    )
    expect(callsOf(parts)).toEqual([])
    expect(text).toContain('2 earlier turns')
  })
})

describe('outputs of any size', () => {
  test.each([
    ['nested lists', '['.repeat(5000) + ']'.repeat(5000)],
    ['nested objects', `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`],
    ['a long key', JSON.stringify({ [`${'_g_per'.repeat(20_000)}!`]: 1 })],
    ['a long text', '“'.repeat(100_000)],
    ['many fields', JSON.stringify(Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, i])))],
  ])('[AG9] %s are told shortly', async (_, output) => {
    const request = asking('My blood pressure is 130/85', { tools: [PRESSURE] })
    const { text } = await converse(request, () => output, 2)
    expect(text.length).toBeLessThan(1000)
  })
})

describe('a specialist', () => {
  const finding = async (system: string, prompt = 'My blood pressure is 130/85 and I weigh 82 kg') =>
    (
      await run(provider, {
        ...ask(prompt),
        messages: [
          { role: 'system', content: system },
          { role: 'user', content: prompt },
        ],
      })
    ).text

  test.each([
    ['You are a cardiologist on a health team. More.', 'the cardiology side'],
    ['You are a nutritionist.', 'the nutrition side'],
    ['You are a physiotherapist who …', 'the physiotherapy side'],
    ['You are a sleep specialist on a team', 'the sleep specialist’s side'],
  ])('[AG9] %j answers from %s, by what was asked', async (system, side) => {
    const text = await finding(system)
    expect(text).toMatch(new RegExp(`^From ${side}: `))
    expect(text).toContain('“My blood pressure is 130/85 and I weigh 82 kg”')
    expect(text).toContain('130/85, 82 kg')
  })

  test.each(['You are a helpful assistant.', 'You are the lead of a team.', 'You are a lead analyst', 'Be brief.', ''])(
    '[AG9] %j names no field',
    async (system) => expect(await finding(system)).not.toMatch(/^From/),
  )
})

describe('sampling', () => {
  test('[AG9] an answer is no longer than it may be, stops where it should, and is JSON when it should be', async () => {
    const short = await run(provider, { ...ask(), sampling: { maxOutputTokens: 5 } })
    expect(short.parts).toHaveLength(6)
    expect(short.parts.at(-1)).toMatchObject({ reason: 'length', usage: { output_tokens: 5 } })
    const whole = await run(provider)
    const stopped = await run(provider, { ...ask(), sampling: { stop: ['\n\n', 'never said'] } })
    expect(stopped.text).toBe(whole.text.slice(0, whole.text.indexOf('\n\n')))
    const json = await run(provider, { ...ask(), sampling: { json: true } })
    expect(JSON.parse(json.text)).toEqual({ answer: whole.text })
  })
})

const promptArb = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'blood pressure',
        '130/85',
        'BMI',
        '82 kg',
        '1.80 m',
        'heart',
        'insomnia',
        'weather',
        'in Rome',
        'pills',
        'headache',
        'weight',
      ),
      fc.string({ maxLength: 10 }),
      fc.integer({ min: -10, max: 400 }).map(String),
    ),
    { maxLength: 8 },
  )
  .map((words) => words.join(' '))
const requestArb = fc
  .record({
    prompt: promptArb,
    tools: fc.subarray(TOOLS),
    toolChoice: fc.constantFrom<ToolChoice[]>(
      'auto',
      'auto',
      'required',
      'none',
      { name: 'get_weather' },
      { name: 'consult_sleep' },
    ),
  })
  .map(({ prompt, tools, toolChoice }) => asking(prompt, { tools, toolChoice }))
const outputArb = fc.oneof(fc.json(), fc.string(), fc.constant('{"error":"No."}'))

describe('any request', () => {
  test('[AG9] the same messages and tools, the same words and calls', async () => {
    await fc.assert(
      fc.asyncProperty(requestArb, async (request) => {
        expect((await run(provider, request)).parts).toEqual((await run(provider, structuredClone(request))).parts)
      }),
    )
  })

  test('[AG9] it calls only tools that it was given, with arguments that their schemas take', async () => {
    const schemas = new Map(TOOLS.map(({ name, parameters }) => [name, z.fromJSONSchema(parameters)]))
    await fc.assert(
      fc.asyncProperty(requestArb, async (request) => {
        for (const call of callsOf((await run(provider, request)).parts)) {
          expect(request.tools.map(({ name }) => name)).toContain(call.name)
          const isSaid = request.toolChoice === 'auto' && !call.name.startsWith('consult_')
          if (isSaid) expect(schemas.get(call.name)?.safeParse(JSON.parse(call.arguments)).error).toBeUndefined()
        }
      }),
      { numRuns: 300 },
    )
  })

  test('[AG9] whatever the tools say, it answers in the end, with no call made twice and no id used twice', async () => {
    await fc.assert(
      fc.asyncProperty(requestArb, fc.array(outputArb, { minLength: 1, maxLength: 8 }), async (request, outputs) => {
        let next = 0
        const { made, text } = await converse(request, () => outputs[next++ % outputs.length] ?? '', 4)
        const keys = made.map(({ name, arguments: args }) => `${name} ${args}`)
        expect(new Set(keys).size).toBe(keys.length)
        expect(new Set(made.map(({ id }) => id)).size).toBe(made.length)
        expect(text).not.toBe('')
        expect(text.isWellFormed()).toBe(true)
      }),
      { numRuns: 200 },
    )
  })
})
