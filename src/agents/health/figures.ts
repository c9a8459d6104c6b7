import * as z from 'zod'

/**
 * A number of a tool's arguments within what a person can have, its ends included.
 * @param what with its unit, for the model
 */
export function figure(from: number, to: number, what: string): z.ZodNumber {
  const error = `must be a number from ${from} to ${to}`
  return z.number({ error }).min(from, { error }).max(to, { error }).describe(what)
}

export const weightKg = figure(20, 500, 'Body weight in kilograms.')
export const heightCm = figure(100, 250, 'Body height in centimetres.')
/** The formulas here were made from adults. */
export const adultAge = figure(18, 110, 'Age in years; adults only.')

/** Rounded to so many decimals, half up. */
export function rounded(value: number, decimals = 0): number {
  const scale = 10 ** decimals
  return Math.round(value * scale) / scale
}
