import * as z from 'zod'
import { minutesIn, takeDuration } from '../../core/duration-words.ts'
import { FreshetError } from '../../core/errors.ts'
import { TODO_LIMITS } from '../../core/limits.ts'
import {
  importanceSchema,
  itemSchema,
  statusSchema,
  type Todo,
  type TodoChanges,
  type TodoDraft,
  tagsSchema,
} from '../../core/todo.ts'
import { takeZone } from './named-zone.ts'
import { shifted, shiftIn } from './shift.ts'
import { readWhen, type Said, type When, whenUntold } from './when.ts'
import { Zone } from './zone.ts'

const MINUTE = 60_000

/** A time as callers and models may write it. */
export const timeWordsSchema = z.string().trim().min(1).max(200)

/** A new todo as it is asked for: its times may be words. */
export const draftInput = z.object({
  item: itemSchema.describe('What is to be done, without its time: "Buy milk".'),
  start_time: timeWordsSchema
    .optional()
    .describe('When: ISO 8601, or the user\'s own words: "tomorrow at 2pm", "next Friday", "on Monday from 9 to 11".'),
  end_time: timeWordsSchema.nullish().describe('When it ends, likewise, or how long it takes: "2 hours".'),
  importance: importanceSchema.default('medium').describe('low, medium or high.'),
  tags: tagsSchema.default([]).describe('Short words to find it by.'),
})
export type DraftInput = z.output<typeof draftInput>

/** A change as it is asked for; what is left out stays. */
export const changesInput = z.object({
  item: itemSchema.optional(),
  start_time: timeWordsSchema
    .optional()
    .describe(
      'ISO 8601 or words; a day alone keeps the time of day, a time alone keeps the day; "2 hours later" goes from where it is.',
    ),
  end_time: timeWordsSchema
    .nullish()
    .describe('Likewise, or how long it takes, or "30 minutes longer"; null: it has no end.'),
  importance: importanceSchema.optional().describe('low, medium or high.'),
  tags: tagsSchema.optional().describe('All of its tags; they replace those that it has.'),
  add_tags: tagsSchema.optional().describe('Tags beside those that it has.'),
  remove_tags: tagsSchema.optional().describe('Tags that it is to lose.'),
  status: statusSchema.optional().describe('pending or completed.'),
})
export type ChangesInput = z.output<typeof changesInput>

/** Where and when something is asked for. */
export interface Asked {
  /** ms since 1970. */
  readonly now: number
  /** An IANA name; one that is not known counts as UTC. */
  readonly timeZone: string
}

/** What is done early, so that its hours are those before noon. */
const EARLY = /\b(?:wake|waking|get up|getting up|breakfast|alarm|early|sunrise|morning)\b/i

/** @throws FreshetError `bad_request` with a sentence for words that are no time */
export function draftOf(input: DraftInput, asked: Asked): TodoDraft {
  const said = { now: asked.now, zone: new Zone(asked.timeZone), isEarly: EARLY.test(input.item) }
  const { start, end } =
    input.start_time === undefined ? { start: whenUntold(said), end: null } : read(input.start_time, said)
  const until = input.end_time == null ? end : endOf(input.end_time, start, said)
  return {
    item: input.item,
    start_time: said.zone.iso(start),
    end_time: until === null ? null : said.zone.iso(until),
    importance: input.importance,
    tags: input.tags,
  }
}

/**
 * What changes of a todo. One that is moved without a word about its end keeps its length.
 * @throws FreshetError `bad_request` with a sentence for words that are no time
 */
export function changesOf(todo: Todo, input: ChangesInput, asked: Asked): TodoChanges {
  const zone = new Zone(asked.timeZone)
  const { start_time, end_time, add_tags = [], remove_tags = [], ...rest } = input
  const before = Date.parse(todo.start_time)
  const isEarly = EARLY.test(input.item ?? todo.item)
  const moved = start_time === undefined ? null : movedTo(start_time, { now: asked.now, zone, about: before, isEarly })
  const start = moved?.start ?? before
  const changes: TodoChanges = { ...rest }
  if (add_tags.length + remove_tags.length > 0) changes.tags = tagsOf(rest.tags ?? todo.tags, add_tags, remove_tags)
  if (moved !== null) changes.start_time = zone.iso(start)
  if (end_time === null) changes.end_time = null
  else if (end_time !== undefined) {
    const by = shiftIn(end_time)
    const until = Date.parse(todo.end_time ?? todo.start_time)
    changes.end_time = zone.iso(
      by === null ? endOf(end_time, start, { now: asked.now, zone }) : shifted(until, by, zone),
    )
  } else if (moved !== null && moved.end !== null) changes.end_time = zone.iso(moved.end)
  else if (moved !== null && todo.end_time !== null) {
    changes.end_time = zone.iso(start + Date.parse(todo.end_time) - before)
  }
  return changes
}

/** A time in words, or so much later or earlier than it was. */
function movedTo(words: string, said: Said & { readonly about: number }): Pick<When, 'start' | 'end'> {
  const by = shiftIn(words)
  return by === null ? read(words, said) : { start: shifted(said.about, by, said.zone), end: null }
}

function tagsOf(tags: readonly string[], added: readonly string[], removed: readonly string[]): string[] {
  const gone = new Set(removed.map((tag) => tag.toLowerCase()))
  const left = [...tags, ...added].filter((tag) => !gone.has(tag.toLowerCase()))
  const parsed = tagsSchema.safeParse(left)
  if (parsed.success) return parsed.data
  throw new FreshetError('bad_request', `A todo has at most ${TODO_LIMITS.tags} tags. Remove some first.`)
}

/** A span of time; an end that is left out is open. */
export interface Range {
  readonly from?: number
  readonly to?: number
}

const AFTER = /^after /i
const BEFORE = /^before /i

/**
 * What two words for times span: a day or a period counts as all of it, and alone as its own end. `after Monday` begins
 * with its end and has none, `before Friday` ends with its beginning.
 * @throws FreshetError `bad_request` for words that are no time, and for a span that ends before it begins
 */
export function rangeOf(from: string | undefined, to: string | undefined, asked: Asked): Range {
  const said = { now: asked.now, zone: new Zone(asked.timeZone) }
  const isAfter = from !== undefined && AFTER.test(from)
  const isBefore = to !== undefined && BEFORE.test(to)
  const first = from === undefined ? null : read(from.replace(AFTER, ''), said)
  const last = to === undefined ? null : read(to.replace(BEFORE, ''), said)
  const firstEnd = first?.span?.to ?? first?.end ?? undefined
  const begin = first === null ? undefined : isAfter ? (firstEnd ?? first.start) : (first.span?.from ?? first.start)
  const lastEnd = isBefore ? (last?.span?.from ?? last?.start) : (last?.span?.to ?? last?.end ?? last?.start)
  const end = last === null ? (isAfter ? undefined : firstEnd) : lastEnd
  if (begin !== undefined && end !== undefined && end < begin) {
    throw new FreshetError('bad_request', 'The span ends before it begins. Change `from` or `to`.')
  }
  return { ...(begin !== undefined && { from: begin }), ...(end !== undefined && { to: end }) }
}

function endOf(words: string, start: number, said: Said): number {
  const minutes = minutesIn(words)
  if (minutes !== null) return start + minutes * MINUTE
  const { end, start: at } = read(words, { ...said, about: start })
  return end ?? at
}

function read(words: string, said: Said): When {
  const lasting = takeDuration(words)
  const when = readWhen(lasting?.rest ?? words, said)
  if (when === null) {
    const zone = zoneIn(words)
    if (zone !== null) {
      const hint = 'Say a city ("2pm Berlin time"), or leave it out for your own zone.'
      throw new FreshetError('bad_request', `The time zone "${zone}" is not known. ${hint}`)
    }
    throw new FreshetError(
      'bad_request',
      `"${words.slice(0, 80)}" is not understood as a time. Say "tomorrow at 2pm", "next Friday", "on Monday from 9 to 11", or write it like 2026-12-24T18:00.`,
    )
  }
  if (lasting === null || when.end !== null) return when
  return { ...when, end: when.start + lasting.minutes * MINUTE }
}

/** The zone that words name and nobody knows, or null. */
function zoneIn(words: string): string | null {
  const named = takeZone(words)
  if (named !== null) return named.zone === null ? named.name.slice(0, 40) : null
  return /\d(?: ?[ap]m)? ([A-Z]{2,4}T)\b/.exec(words)?.[1] ?? null
}
