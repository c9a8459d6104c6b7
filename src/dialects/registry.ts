import type { Dialect } from './dialect.ts'

/** The dialects for streams of one request, by name. */
export const DIALECTS: Readonly<Record<string, Dialect>> = {}
