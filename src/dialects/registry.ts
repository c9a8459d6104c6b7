import { chatEvents } from './chat-events.ts'
import { chatTurns } from './chat-turns.ts'
import type { Dialect } from './dialect.ts'
import { openAiChat } from './openai-chat.ts'
import { todoEvents } from './todo-events.ts'
import { uiMessageStream } from './ui-message-stream.ts'

/** The dialects for streams of one request, by name. */
export const DIALECTS: Readonly<Record<string, Dialect>> = {
  d3: chatEvents,
  d4: chatTurns,
  d5: todoEvents,
  d6: openAiChat,
  d7: uiMessageStream,
}
