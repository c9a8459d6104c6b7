import { wordsOf } from './embedded-stems.ts'

/** A unit: what it measures, and how many of the base unit one is. */
export interface Unit {
  readonly dimension: string
  readonly factor: number
}

/** By dimension: factor, then the words for it. "in" is no word for inches: it is one of the commonest others. */
const UNITS: Readonly<Record<string, readonly (readonly [number, string])[]>> = {
  mass: [
    [1, 'kg kgs kilo kilos kilogram kilograms kilogramme kilogrammes'],
    [0.001, 'g gram grams gramme grammes'],
    [0.000001, 'mg milligram milligrams'],
    [0.45359237, 'lb lbs pound pounds'],
  ],
  length: [
    [1, 'm meter meters metre metres'],
    [0.01, 'cm centimeter centimeters centimetre centimetres'],
    [0.001, 'mm millimeter millimeters millimetre millimetres'],
    [1000, 'km kilometer kilometers kilometre kilometres'],
    [0.0254, 'inch inches'],
    [0.3048, 'ft foot feet'],
    [1609.344, 'mile miles'],
  ],
  time: [
    [3600, 'h hr hrs hour hours'],
    [60, 'min mins minute minutes'],
    [1, 'sec secs second seconds'],
  ],
  days: [
    [1, 'day days'],
    [7, 'week weeks'],
  ],
  calendar: [
    [12, 'year years yr yrs yo'],
    [1, 'month months'],
  ],
  volume: [
    [1, 'l liter liters litre litres'],
    [0.001, 'ml milliliter milliliters millilitre millilitres'],
  ],
  energy: [[1, 'kcal calories']],
  pulse: [[1, 'bpm beats']],
  pressure: [[1, 'mmhg']],
  percent: [[1, '% percent']],
  celsius: [[1, 'celsius °c']],
  fahrenheit: [[1, 'fahrenheit °f']],
  nights: [[1, 'night nights']],
  steps: [[1, 'step steps']],
}

const BY_WORD: ReadonlyMap<string, Unit> = new Map(
  Object.entries(UNITS).flatMap(([dimension, units]) =>
    units.flatMap(([factor, words]) => words.split(' ').map((word) => [word, { dimension, factor }] as const)),
  ),
)

/** The unit that a word stands for, or null. */
export function unitOf(word: string): Unit | null {
  return BY_WORD.get(word.toLowerCase()) ?? null
}

/** The unit of a property: a word of its name (`weight_kg`), else what its description says it is in ("in years"). */
export function unitOfProperty(name: string, description: string): Unit | null {
  const words = wordsOf(name)
  // Of "beats per minute" and "hours per night" the first is what is counted.
  const counted = words.filter((_, i) => words[i - 1] !== 'per')
  const named = counted.map((word) => unitOf(word === 'age' ? 'years' : word)).find((unit) => unit !== null)
  if (named !== undefined) return named
  const said = [...description.matchAll(/\bin (°?[a-z]+)/gi)].map(([, word = '']) => unitOf(word))
  return said.find((unit) => unit !== null) ?? null
}

/** A value in another unit of the same dimension, to six digits. */
export function convert(value: number, from: Unit, to: Unit): number {
  return from.factor === to.factor ? value : Number(((value * from.factor) / to.factor).toPrecision(6))
}
