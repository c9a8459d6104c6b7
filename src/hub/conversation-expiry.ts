import type { ConversationDesk } from './conversation-desk.ts'
import type { Conversations } from './conversations.ts'

/** When conversations that nobody uses any more are deleted (SPEC CV5). */
export class ConversationExpiry {
  readonly #conversations: Pick<Conversations, 'oldestUse'>
  readonly #desk: Pick<ConversationDesk, 'expire'>
  readonly #retentionMs: number
  /** When the conversation that was unused longest was last used, ms, or earlier; null: there is none; undefined: unknown. */
  #oldestUse: number | null | undefined

  /** @param retentionMs how long one is kept that nobody uses */
  constructor(
    conversations: Pick<Conversations, 'oldestUse'>,
    desk: Pick<ConversationDesk, 'expire'>,
    retentionMs: number,
  ) {
    this.#conversations = conversations
    this.#desk = desk
    this.#retentionMs = retentionMs
  }

  /** One was used. */
  used(now: number): void {
    if (this.#oldestUse === null) this.#oldestUse = now
  }

  /** When one may have been unused too long, ms, or null; never too late. */
  get at(): number | null {
    if (this.#oldestUse === undefined) this.#oldestUse = this.#conversations.oldestUse()
    return this.#oldestUse === null ? null : this.#oldestUse + this.#retentionMs + 1
  }

  /** Deletes those whose time is over, as many as one turn takes: `at` says whether there are more. */
  run(now: number): void {
    this.#desk.expire(now - this.#retentionMs)
    this.#oldestUse = undefined
  }
}
