import { FreshetError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'

/** Settings of one request as the service takes them (contract D1); unknown fields are passed on. */
export type AskConfig = Readonly<Record<string, unknown>>

/** A prompt on its way. Its id is made here, so that sending it twice is one generation (GE3). */
export interface AskCommand {
  readonly type: 'ask'
  readonly requestId: string
  readonly prompt: string
  readonly config: AskConfig | null
  readonly streamConfig: AskConfig | null
}

export interface CancelCommand {
  readonly type: 'cancel'
  readonly requestId: string
}

export type Command = AskCommand | CancelCommand

/**
 * Refuses what the service would refuse. A frame that is too large has to be caught here: the service cannot read
 * which request it was about, so the outbox would send it again at each reconnect.
 * @throws FreshetError `empty_prompt` or `prompt_too_long`.
 */
export function checkAsk(ask: AskCommand): void {
  if (ask.prompt.trim() === '') throw new FreshetError('empty_prompt', 'The prompt is empty. Write something to ask.')
  const bytes = new TextEncoder().encode(JSON.stringify(ask)).length
  if (ask.prompt.length > LIMITS.promptChars || bytes > LIMITS.frameBytes - FRAME_MARGIN) {
    throw new FreshetError(
      'prompt_too_long',
      `The prompt is too long: at most ${LIMITS.promptChars} characters. Shorten it and send it again.`,
    )
  }
}

/** Names of the frame's own fields and the conversation id. */
const FRAME_MARGIN = 1024
