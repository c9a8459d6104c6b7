import type { Todo } from '../../core/todo.ts'
import { WORKDAY } from './when.ts'
import { addDays, dayOf, type Zone } from './zone.ts'

/** A span of time in ms since 1970, `to` not included. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** What a todo without an end takes, ms: an hour, so that nothing is put on top of it. */
const UNTOLD_MS = 3_600_000

/** The working hours of each day that a span touches, as the zone's clocks show them, as far as they are within it. */
export function workingHours({ from, to }: Span, zone: Zone, hours: Span = WORKDAY): readonly Span[] {
  const spans: Span[] = []
  for (let day = dayOf(zone.wallAt(from)); zone.instantAt(day) < to; day = addDays(day, 1)) {
    const begin = Math.max(from, zone.instantAt(day + hours.from))
    const end = Math.min(to, zone.instantAt(day + hours.to))
    if (begin < end) spans.push({ from: begin, to: end })
  }
  return spans
}

/** What is left of spans beside the todos that are still to be done; gaps shorter than `leastMs` are left out. */
export function freeIn(spans: readonly Span[], todos: readonly Todo[], leastMs: number): readonly Span[] {
  const busy = todos
    .filter(({ status }) => status === 'pending')
    .map(({ start_time, end_time }) => {
      const from = Date.parse(start_time)
      return { from, to: end_time === null ? from + UNTOLD_MS : Date.parse(end_time) }
    })
    .toSorted((a, b) => a.from - b.from)
  const free: Span[] = []
  for (const { from, to } of spans) {
    let at = from
    for (const taken of busy) {
      if (taken.to <= at || taken.from >= to) continue
      if (taken.from - at >= leastMs) free.push({ from: at, to: taken.from })
      at = taken.to
    }
    if (to - at >= leastMs) free.push({ from: at, to })
  }
  return free
}
