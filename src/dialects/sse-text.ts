/** One event of an event stream; a value left out has no line. */
export interface SseFields {
  readonly id?: string | undefined
  readonly event?: string | undefined
  readonly data: string
}

/**
 * An event as text/event-stream (HTML standard, 9.2.6). A line break in data begins a new `data:` line; in id or event,
 * where it could break out of its line, it is taken away, and so is U+0000, which would make an id count for nothing.
 * The line ends of Unicode are none of this format's, but Python's line readers break at them; in JSON they can be
 * written as escapes, and all data here are JSON.
 */
export function sseEvent({ id, event, data }: SseFields): string {
  let text = ''
  if (id !== undefined) text += `id: ${oneLine(id)}\n`
  if (event !== undefined) text += `event: ${oneLine(event)}\n`
  for (const line of data.replaceAll(/[\u0085\u2028\u2029]/g, escaped).split(/\r\n|\r|\n/)) text += `data: ${line}\n`
  return `${text}\n`
}

/** A comment: keeps the stream open, seen by nobody. */
export function sseComment(text: string): string {
  return `: ${oneLine(text)}\n\n`
}

/** How long the client waits before it reconnects, ms. */
export function sseRetry(ms: number): string {
  return `retry: ${ms}\n\n`
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n\0]/g, '')
}
