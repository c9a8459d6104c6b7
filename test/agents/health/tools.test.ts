import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import type { Json } from '../../../src/agents/agent.ts'
import { cleanOutput } from '../../../src/agents/clean-output.ts'
import { health } from '../../../src/agents/health/health.ts'
import { runTool } from '../../../src/agents/tool-runner.ts'

const signal = new AbortController().signal

async function run(name: string, given: unknown): Promise<{ status: 'ok' | 'error'; output: Json }> {
  const tool = health.tools.find((one) => one.name === name)
  const call = { id: 'call-1', name, arguments: JSON.stringify(given) }
  return runTool(tool, call, { now: () => 0, timeZone: 'UTC', signal })
}

/** The output of a call that must work, as its schema says. */
async function told<S extends z.ZodType>(schema: S, name: string, given: unknown): Promise<z.output<S>> {
  const { status, output } = await run(name, given)
  expect([status, output]).toEqual(['ok', output])
  return schema.parse(output)
}

async function refused(name: string, given: unknown): Promise<string> {
  const { status, output } = await run(name, given)
  expect([status, given]).toEqual(['error', given])
  return z.object({ error: z.string() }).parse(output).error
}

const bmiSchema = z.object({
  bmi_kg_per_m2: z.number(),
  class: z.string(),
  normal_weight_kg: z.object({ from: z.number(), to: z.number() }),
})
const pressureSchema = z.object({ category: z.string(), urgent: z.boolean(), advice: z.string() })
const zonesSchema = z.object({
  maximum_bpm: z.number(),
  resting_bpm: z.number().nullable(),
  zones: z.array(z.object({ zone: z.string(), from_bpm: z.number(), to_bpm: z.number() })).length(5),
})
const debtSchema = z.object({
  nights: z.number(),
  needed_hours_per_night: z.number(),
  slept_hours: z.number(),
  mean_hours_per_night: z.number(),
  short_nights: z.number(),
  debt_hours: z.number(),
})
const energySchema = z.object({ at_rest_kcal_per_day: z.number(), total_kcal_per_day: z.number() })

const weightArb = fc.integer({ min: 200, max: 5000 }).map((tenths) => tenths / 10)
const heightArb = fc.integer({ min: 100, max: 250 })

describe('body mass index', () => {
  const bmi = (weight_kg: number, height_cm: number): Promise<z.output<typeof bmiSchema>> =>
    told(bmiSchema, 'body_mass_index', { weight_kg, height_cm })

  it("[AG3] follows the WHO's table, each class from its first value on", async () => {
    // At 2 m the index is a quarter of the weight; at 1 m it is the weight.
    for (const [weight, height, index, name] of [
      [63.96, 200, 15.99, 'severe thinness (underweight)'],
      [64, 200, 16, 'moderate thinness (underweight)'],
      [67.96, 200, 16.99, 'moderate thinness (underweight)'],
      [68, 200, 17, 'mild thinness (underweight)'],
      [73.96, 200, 18.49, 'mild thinness (underweight)'],
      [74, 200, 18.5, 'normal weight'],
      [99.96, 200, 24.99, 'normal weight'],
      [100, 200, 25, 'pre-obesity (overweight)'],
      [120, 200, 30, 'obesity class I'],
      [140, 200, 35, 'obesity class II'],
      [159.96, 200, 39.99, 'obesity class II'],
      [160, 200, 40, 'obesity class III'],
      [70, 175, 22.86, 'normal weight'],
    ] as const) {
      expect(await bmi(weight, height)).toMatchObject({ bmi_kg_per_m2: index, class: name })
    }
  })

  it('[AG3] both ends of the normal weight are normal', async () => {
    await fc.assert(
      fc.asyncProperty(heightArb, async (height) => {
        const { from, to } = (await bmi(70, height)).normal_weight_kg
        expect(from).toBeLessThan(to)
        for (const weight of [from, to]) {
          if (weight >= 20) expect(await bmi(weight, height)).toMatchObject({ class: 'normal weight' })
        }
      }),
    )
  })

  it('[AG3] more weight is never a lower index', async () => {
    await fc.assert(
      fc.asyncProperty(weightArb, weightArb, heightArb, async (a, b, height) => {
        const [less, more] = [await bmi(Math.min(a, b), height), await bmi(Math.max(a, b), height)]
        expect(less.bmi_kg_per_m2).toBeLessThanOrEqual(more.bmi_kg_per_m2)
      }),
    )
  })

  it('[AG3] what no person has is refused with its bounds', async () => {
    expect(await refused('body_mass_index', { weight_kg: 0, height_cm: 180 })).toContain(
      '`weight_kg`: must be a number from 20 to 500',
    )
    expect(await refused('body_mass_index', { weight_kg: 80, height_cm: 1.8 })).toContain('`height_cm`')
    expect(await refused('body_mass_index', { weight_kg: '80' })).toMatch(/`weight_kg`.*`height_cm`/)
  })
})

describe('blood pressure', () => {
  const pressure = (systolic: number, diastolic: number): Promise<z.output<typeof pressureSchema>> =>
    told(pressureSchema, 'blood_pressure_category', { systolic, diastolic })

  it('[AG3] follows the ACC/AHA categories at their limits', async () => {
    for (const [systolic, diastolic, category] of [
      [119, 79, 'normal'],
      [90, 60, 'normal'],
      [89, 60, 'low'],
      [110, 59, 'low'],
      [120, 79, 'elevated'],
      [125, 55, 'elevated'],
      [129, 79, 'elevated'],
      [130, 70, 'hypertension stage 1'],
      [115, 80, 'hypertension stage 1'],
      [139, 89, 'hypertension stage 1'],
      [140, 70, 'hypertension stage 2'],
      [118, 90, 'hypertension stage 2'],
      [180, 120, 'hypertension stage 2'],
      [181, 70, 'hypertensive crisis'],
      [150, 121, 'hypertensive crisis'],
    ] as const) {
      expect([systolic, diastolic, (await pressure(systolic, diastolic)).category]).toEqual([
        systolic,
        diastolic,
        category,
      ])
    }
  })

  it('[AG3] a crisis, and nothing else, is urgent and names the emergency services', async () => {
    const valueArb = fc.integer({ min: 50, max: 200 })
    await fc.assert(
      fc.asyncProperty(valueArb, fc.integer({ min: 1, max: 100 }), async (diastolic, above) => {
        const { category, urgent, advice } = await pressure(diastolic + above, diastolic)
        expect(urgent).toBe(diastolic + above > 180 || diastolic > 120)
        expect(category === 'hypertensive crisis').toBe(urgent)
        expect(advice.includes('call the emergency services')).toBe(urgent)
      }),
    )
  })

  it('[AG3] values that are the wrong way round are refused', async () => {
    expect(await refused('blood_pressure_category', { systolic: 80, diastolic: 120 })).toMatch(/must be higher/)
    expect(await refused('blood_pressure_category', { systolic: 80, diastolic: 80 })).toMatch(/must be higher/)
    expect(await refused('blood_pressure_category', { systolic: 1200, diastolic: 80 })).toContain('from 50 to 300')
  })
})

describe('heart rate zones', () => {
  const zones = (given: object): Promise<z.output<typeof zonesSchema>> => told(zonesSchema, 'heart_rate_zones', given)

  it('[AG3] without the pulse at rest they are shares of the maximum', async () => {
    expect(await zones({ age: 40 })).toMatchObject({
      maximum_bpm: 180,
      resting_bpm: null,
      zones: [
        { zone: 'very light', from_bpm: 90, to_bpm: 108 },
        { from_bpm: 108, to_bpm: 126 },
        { from_bpm: 126, to_bpm: 144 },
        { from_bpm: 144, to_bpm: 162 },
        { zone: 'maximum', from_bpm: 162, to_bpm: 180 },
      ],
    })
  })

  it('[AG3] with it they are shares of the reserve', async () => {
    expect(await zones({ age: 40, resting_heart_rate: 60 })).toMatchObject({
      resting_bpm: 60,
      zones: [
        { from_bpm: 120, to_bpm: 132 },
        { from_bpm: 132 },
        { from_bpm: 144 },
        { from_bpm: 156 },
        { from_bpm: 168, to_bpm: 180 },
      ],
    })
  })

  it('[AG3] zones follow each other without a gap, up to the maximum', async () => {
    const restArb = fc.option(fc.integer({ min: 25, max: 120 }), { nil: undefined })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 18, max: 110 }), restArb, async (age, resting_heart_rate) => {
        const { zones: list, maximum_bpm: maximum } = await zones({ age, resting_heart_rate })
        expect(list.map(({ from_bpm: from }) => from).slice(1)).toEqual(list.map(({ to_bpm: to }) => to).slice(0, -1))
        for (const { from_bpm: from, to_bpm: to } of list) expect(from).toBeLessThanOrEqual(to)
        expect(list.at(-1)?.to_bpm).toBe(maximum)
        expect(list[0]?.from_bpm).toBeGreaterThanOrEqual(resting_heart_rate ?? 0)
      }),
    )
  })

  it('[AG3] children are refused: the formula is of adults', async () => {
    expect(await refused('heart_rate_zones', { age: 12 })).toContain('from 18 to 110')
  })
})

describe('sleep debt', () => {
  const debt = (given: object): Promise<z.output<typeof debtSchema>> => told(debtSchema, 'sleep_debt', given)
  const hoursArb = fc.integer({ min: 0, max: 48 }).map((halves) => halves / 2)

  it('[AG3] is what was needed less what was slept', async () => {
    expect(await debt({ hours_slept: [6, 7.5, 8, 5] })).toMatchObject({
      nights: 4,
      needed_hours_per_night: 8,
      slept_hours: 26.5,
      mean_hours_per_night: 6.6,
      short_nights: 3,
      debt_hours: 5.5,
    })
    expect(await debt({ hours_slept: [6, 7], needed_hours: 7 })).toMatchObject({ debt_hours: 1, short_nights: 1 })
    expect(await debt({ hours_slept: [10, 10] })).toMatchObject({ debt_hours: 0, short_nights: 0 })
  })

  it('[AG3] is the same in any order of nights, never below none, and grows by each hour missed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(hoursArb, { minLength: 1, maxLength: 30 }), async (nights) => {
        const some = await debt({ hours_slept: nights })
        expect(await debt({ hours_slept: nights.toReversed() })).toEqual(some)
        expect(some.debt_hours).toBe(Math.max(0, nights.length * 8 - some.slept_hours))
        expect((await debt({ hours_slept: [...nights, 0] })).debt_hours).toBeGreaterThanOrEqual(some.debt_hours)
      }),
    )
  })

  it('[AG3] no nights, too many, and days of 25 hours are refused', async () => {
    expect(await refused('sleep_debt', { hours_slept: [] })).toContain('at least one night')
    expect(await refused('sleep_debt', { hours_slept: Array.from({ length: 61 }, () => 8) })).toContain('at most 60')
    expect(await refused('sleep_debt', { hours_slept: [8, 25] })).toContain(
      '`hours_slept.1`: must be a number from 0 to 24',
    )
    expect(await refused('sleep_debt', { hours_slept: 7 })).toContain('must be a list of hours')
  })
})

describe('daily energy need', () => {
  const person = { weight_kg: 70, height_cm: 175, age: 30, sex: 'male', activity: 'moderate' }
  const energy = (given: object): Promise<z.output<typeof energySchema>> =>
    told(energySchema, 'daily_energy_need', given)

  it('[AG3] follows Mifflin-St Jeor', async () => {
    // 700 + 1093.75 − 150 + 5 = 1648.75, and × 1.55 = 2555.56
    expect(await energy(person)).toMatchObject({ at_rest_kcal_per_day: 1649, total_kcal_per_day: 2556 })
    // 166 less for a woman, and × 1.2
    expect(await energy({ ...person, sex: 'female', activity: 'sedentary' })).toMatchObject({
      at_rest_kcal_per_day: 1483,
      total_kcal_per_day: 1779,
    })
  })

  it('[AG3] is above nothing for everyone, and grows with each level of activity', async () => {
    const personArb = fc.record({
      weight_kg: weightArb,
      height_cm: heightArb,
      age: fc.integer({ min: 18, max: 110 }),
      sex: fc.constantFrom('female', 'male'),
    })
    await fc.assert(
      fc.asyncProperty(personArb, async (who) => {
        let last = 0
        for (const activity of ['sedentary', 'light', 'moderate', 'active', 'very_active']) {
          const { at_rest_kcal_per_day: rest, total_kcal_per_day: total } = await energy({ ...who, activity })
          expect(rest).toBeGreaterThan(0)
          expect(total).toBeGreaterThan(Math.max(rest, last))
          last = total
        }
      }),
    )
  })

  it('[AG3] words that it does not know are refused with those it does', async () => {
    expect(await refused('daily_energy_need', { ...person, activity: 'lazy' })).toContain('one of sedentary, light')
    expect(await refused('daily_energy_need', { ...person, sex: 'x' })).toContain('must be female or male')
  })
})

describe('all of them', () => {
  it('[AG6] give nothing that cleaning would change', async () => {
    const calls: Readonly<Record<string, object>> = {
      body_mass_index: { weight_kg: 70, height_cm: 175 },
      blood_pressure_category: { systolic: 130, diastolic: 85 },
      heart_rate_zones: { age: 40 },
      sleep_debt: { hours_slept: [6] },
      daily_energy_need: { weight_kg: 70, height_cm: 175, age: 30, sex: 'male', activity: 'light' },
    }
    expect(Object.keys(calls)).toEqual(health.tools.map(({ name }) => name))
    for (const tool of health.tools) {
      const raw = await tool.run(tool.input.parse(calls[tool.name]), { now: () => 0, timeZone: 'UTC', signal })
      expect(cleanOutput(raw)).toEqual(raw)
    }
  })
})
