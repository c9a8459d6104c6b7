import type { LogEvent } from './events.ts'
import { ephemeral, shareText } from './wire.ts'

/** The typing indicator of contract D1, which is of no log (CM4). @param at ms since 1970 */
export function typingText(requestId: string, isTyping: boolean, at: number): string {
  return shareText(ephemeral('typing_indicator', { is_typing: isTyping }, at, { requestId }))
}

/**
 * A live event with the typing indicator that contract D1 wants around it: after a start, before an end, after an error.
 * @param text the event's own shared text
 */
export function withTyping(event: LogEvent, text: string): readonly string[] {
  switch (event.type) {
    case 'stream_start':
      return [text, typingText(event.request_id, true, event.at)]
    case 'stream_end':
    case 'cancelled':
      return [typingText(event.request_id, false, event.at), text]
    case 'error':
      return [text, typingText(event.request_id, false, event.at)]
    default:
      return [text]
  }
}
