import { randomUUID } from 'node:crypto'
import type { Ask, Dialect, Known, Message, WireEvent } from './dialect.ts'
import { epochOf } from './log.ts'
import type { Reader } from './reader.ts'

/** A question of a user whom nobody else is. Limits are per user, and so is the log, so runs do not meet. */
export function newAsk({ prompt }: Dialect, key: Ask['key'] = null): Ask {
  return { user: `conformance-${randomUUID()}`, prompt, key }
}

export function newKey(as: 'field' | 'header'): Ask['key'] {
  return { value: `key-${randomUUID()}`, as }
}

/** The request that a reader reads. Resolves as soon as an event names it. */
export async function knownOf(dialect: Dialect, { user }: Ask, reader: Reader): Promise<Known> {
  const named = await reader.inbox.until((event) => dialect.requestIdIn(event) !== null)
  const withId = await reader.inbox.until(({ id }) => id !== null)
  return { user, requestId: dialect.requestIdIn(named) ?? '', epoch: epochOf(withId.id) }
}

/** The request's id in what has come, or null. */
export function requestIdIn(dialect: Dialect, events: readonly WireEvent[]): string | null {
  for (const event of events) {
    const id = dialect.requestIdIn(event)
    if (id !== null) return id
  }
  return null
}

/**
 * Resolves when a reader has had its request's end, or was torn from it.
 * @throws Error when its stream ended in any other way
 */
export async function untilOver(dialect: Dialect, reader: Reader): Promise<void> {
  if (dialect.isOfOne) {
    const how = await reader.end
    if (how !== 'end of stream' && how !== 'cut') throw new Error(`${dialect.name}: the stream ended by ${how}`)
    return
  }
  const ended = reader.inbox.until((event) => isEnd(dialect, event)).then(() => reader.cut())
  // Its rejection is the connection's end, which says why.
  await Promise.race([ended, reader.end]).catch(() => undefined)
  const how = await reader.end
  if (how !== 'cut') throw new Error(`${dialect.name}: the connection ended by ${how}`)
}

/** What a reader made of a request, when it has ended; the reader is let go. */
export async function messageFrom(dialect: Dialect, reader: Reader, requestId: string): Promise<Message> {
  await untilOver(dialect, reader)
  return dialect.messageOf(reader.events, requestId)
}

/** True of an event that ends its request. */
export function isEnd(dialect: Dialect, event: WireEvent): boolean {
  const requestId = dialect.requestIdIn(event)
  return dialect.messageOf([event], requestId ?? '').ends > 0
}
