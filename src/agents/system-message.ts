import type { Agent } from './agent.ts'
import { consultName } from './consult.ts'

/** When and where an agent is asked. */
export interface Moment {
  /** ms since 1970. */
  readonly now: number
  /** An IANA time zone; one that is not known counts as UTC. */
  readonly timeZone: string
}

/**
 * What an agent's model is told first: its instructions; for a lead, whom it can consult; and the time, to the minute
 * where the user is, if it has tools that speak of time.
 * @returns null for an agent that is told nothing
 */
export function systemMessage(agent: Agent, moment: Moment): string | null {
  const parts = [
    agent.instructions,
    teamOf(agent),
    agent.tools.some(({ needsTime }) => needsTime) ? timeAt(moment) : '',
  ]
  const said = parts.filter((part) => part !== '')
  return said.length === 0 ? null : said.join('\n\n')
}

function teamOf({ specialists }: Agent): string {
  if (specialists.length === 0) return ''
  const lines = specialists.map((one) => `- \`${consultName(one)}\`: ${one.title}. ${one.about}`)
  return ['Specialists whom you can consult:', ...lines].join('\n')
}

/** The user's time in numbers and its zone; the zone is the caller's word, so only a known one gets into the message. */
function timeAt({ now, timeZone }: Moment): string {
  const zone = knownZone(timeZone)
  const parts = new Map(
    formatIn(zone)
      .formatToParts(now)
      .map(({ type, value }) => [type, value]),
  )
  const [weekday, year, month, day, hour, minute, offset] = (
    ['weekday', 'year', 'month', 'day', 'hour', 'minute', 'timeZoneName'] as const
  ).map((type) => parts.get(type))
  return `For the user it is ${weekday}, ${year}-${month}-${day}, ${hour}:${minute}. The user's time zone is ${zone} (${offset}).`
}

function formatIn(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'long',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'longOffset',
  })
}

function knownZone(timeZone: string): string {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone }).resolvedOptions().timeZone
  } catch {
    return 'UTC'
  }
}
