/** One event of an event stream; a value left out has no line. */
export interface SseFields {
  readonly id?: string | undefined
  readonly event?: string | undefined
  readonly data: string
}

/**
 * An event as text/event-stream (HTML standard, 9.2.6). A line break in data begins a new `data:` line; in id or event,
 * where it could break out of its line, it is taken away, and so is U+0000, which would make an id count for nothing.
 */
export function sseEvent({ id, event, data }: SseFields): string {
  let text = ''
  if (id !== undefined) text += `id: ${oneLine(id)}\n`
  if (event !== undefined) text += `event: ${oneLine(event)}\n`
  for (const line of data.split(/\r\n|\r|\n/)) text += `data: ${line}\n`
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

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n\0]/g, '')
}
