import { minutesIn, takeDuration } from '../core/duration-words.ts'
import { timeIn } from './embedded-todo-fields.ts'
import { type Changes, OPEN_ONES, on, pair, type Reader, update } from './embedded-todo-readers.ts'
import { takeTime } from './embedded-todo-times.ts'
import type { Wanted } from './embedded-todo-wanted.ts'

const AMOUNT =
  '(?:\\d{1,3}(?:\\.\\d)?|an?|one|two|three|four|five|six|seven|eight|nine|ten|half an?|a few|a couple of)[ -]?(?:min(?:ute)?s?|hours?|hrs?|h|days?|weeks?|months?)'
const CHANGE = '(?:change|make|set|move|update|edit|modify|give|let)'

/** Sentences that change when a todo is: its beginning, its end, both by so much. */
export const TIME_READERS: readonly Reader[] = [
  pair(
    /^(?<what>remove|delete|drop|clear)\s+(?:the\s+)?(?:end|end time|end date|duration)\s+(?:of|from|for)\s+(?<which>.+)$/i,
    () => ({ end_time: null }),
  ),
  shiftOf,
  pair(
    /^(?!(?:i|we|you|it|that|this|there|everything|what|when)\s)(?<which>.+?)\s+(?:should|must|shall|has to|needs to|will)\s+(?:now\s+)?(?:end|finish|stop)\s+(?:at\s+)?(?<what>.+)$/i,
    (words) => timed('end_time', words),
  ),
  pair(
    /^(?!(?:i|we|you|it|that|this|there|everything|what|when)\s)(?<which>.+?)\s+(?:should|must|shall|has to|needs to|will)\s+(?:now\s+)?(?:start|begin|be)\s+(?<what>.+)$/i,
    (words) => timed('start_time', words),
  ),
  pair(
    /^(?:change|set|update|edit)\s+(?:the\s+)?(?:duration|length)\s+(?:of|for)\s+(?<which>.+?)\s+to\s+(?<what>.+)$/i,
    (words) => (minutesIn(words) === null ? null : { end_time: words }),
  ),
  pair(
    /^(?:change|set|move|update|edit)\s+(?:the\s+)?(?:end|ending|finish)(?:ing)?(?:\s+(?:time|date))?\s+(?:of|for)\s+(?<which>.+?)\s+to\s+(?<what>.+)$/i,
    (words) => timed('end_time', words),
  ),
  pair(
    new RegExp(
      `^${CHANGE}\\s+(?<which>.+?)\\s+(?:to\\s+)?(?:end|finish|stop)s?\\s+(?:at\\s+|by\\s+)?(?<what>.+)$`,
      'i',
    ),
    (words) => timed('end_time', words),
  ),
  pair(
    new RegExp(`^${CHANGE}\\s+(?<which>.+?)\\s+(?:to\\s+)?(?:start|begin)s?\\s+(?:at\\s+)?(?<what>.+)$`, 'i'),
    (words) => timed('start_time', words),
  ),
  pair(/^(?:extend|prolong|shorten|lengthen)\s+(?<which>.+?)\s+(?:to|until|till)\s+(?<what>.+)$/i, (words) =>
    minutesIn(words) === null ? timed('end_time', words) : { end_time: words },
  ),
  pair(
    new RegExp(`^(?:extend|prolong|lengthen)\\s+(?<which>.+?)\\s+(?:by|for)\\s+(?<what>${AMOUNT})$`, 'i'),
    (words) => ({
      end_time: `${words} longer`,
    }),
  ),
  pair(new RegExp(`^(?:shorten|cut)\\s+(?<which>.+?)\\s+by\\s+(?<what>${AMOUNT})$`, 'i'), (words) => ({
    end_time: `${words} shorter`,
  })),
  pair(
    new RegExp(
      `^make\\s+(?<which>.+?)\\s+(?:longer by\\s+(?=.*\\w$)|(?=.*longer$))(?<what>${AMOUNT})(?:\\s+longer)?$`,
      'i',
    ),
    (words) => ({ end_time: `${words} longer` }),
  ),
  pair(new RegExp(`^make\\s+(?!.*\\bshorter\\b)(?<which>.+?)\\s+(?<what>${AMOUNT})(?:\\s+long)?$`, 'i'), (words) => {
    const minutes = minutesIn(words)
    return minutes === null ? null : { end_time: `${minutes} minutes` }
  }),
  pair(new RegExp(`^make\\s+(?<which>.+?)\\s+(?:shorter by\\s+(?<what>${AMOUNT}))$`, 'i'), (words) => ({
    end_time: `${words} shorter`,
  })),
  moved(
    /^(?:move|reschedule|postpone|push|shift|delay|change|set|update|put off|rename|bring forward|snooze|put|plan)\s+(?:the\s+)?(?:(?:start(?:ing)?\s+)?(?:time|date|day|start|due date|deadline)\s+(?:of|for)\s+)?(.+)$/i,
  ),
]

function timed(key: 'start_time' | 'end_time', words: string): Changes | null {
  const time = timeIn(words)
  return time === null ? null : { [key]: time }
}

/** A move: a todo, `to`, and nothing but a time, and how long it takes. */
function moved(pattern: RegExp): Reader {
  return (clause) => {
    const [, said] = pattern.exec(clause) ?? []
    if (said === undefined) return null
    for (const joint of said.matchAll(/\s+(?:to|until|till|for|on|at|by)\s+/gi)) {
      const time = said.slice(joint.index + joint[0].length)
      const lasting = takeDuration(time)
      const words = timeIn(lasting?.rest ?? time)
      if (words === null) continue
      const end = lasting === null ? {} : { end_time: `${lasting.minutes} minutes` }
      const act = update({ start_time: takeTime(words).words ?? words, ...end })
      return on(said.slice(0, joint.index).replace(/\s+(?:up|back|forward|over|out)$/i, ''), act, OPEN_ONES)
    }
    return null
  }
}

const SHIFTS = new RegExp(
  `^(move|reschedule|postpone|push|shift|delay|bring|pull|put off|put|snooze)\\s+(.+?)\\s+(?:(back|forward|up|out|ahead|on|later|earlier)\\s+)?(by\\s+|for\\s+)?(${AMOUNT}(?:(?:,| and)? ${AMOUNT})?)(?:\\s+(later|earlier|back|forward|ahead|out|up))?$`,
  'i',
)

/** So much later or earlier: `postpone yoga by two hours`, `push the dentist back one day`, `move gym an hour later`. */
function shiftOf(clause: string): readonly Wanted[] | null {
  const found = SHIFTS.exec(clause)
  if (found === null) return null
  const [, verb = '', which = '', before, by, amount = '', after] = found
  const way = (before ?? after ?? '').toLowerCase()
  const isBy = by?.trim().toLowerCase() === 'by'
  if (way === '' && !isBy && !/^(?:postpone|push|delay|snooze|put off|shift)$/i.test(verb)) return null
  // `Bring it forward` and `move it up` are earlier; what is pushed or put back is later.
  const isEarlier =
    way === 'earlier' || way === 'up' || (way === 'forward' && !/^(?:push|postpone|delay|put|put off)$/i.test(verb))
  return on(which, update({ start_time: `${amount} ${isEarlier ? 'earlier' : 'later'}` }), OPEN_ONES)
}
