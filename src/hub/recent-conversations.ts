import type { ConversationInfo } from '../core/conversation.ts'
import { LIMITS } from '../core/limits.ts'
import type { ActiveConversation } from '../core/report.ts'
import type { Conversations } from './conversations.ts'

/** When a conversation was last used, ms, and what it was then; null: to be read when it is told of. */
interface Use {
  readonly at: number
  readonly info: ConversationInfo | null
}

/**
 * Which conversations are in use, for the monitor: kept in memory, so that a report does not read them all. What an earlier
 * instance knew is read once.
 */
export class RecentConversations {
  readonly #conversations: Conversations
  #uses: Map<string, Use> | null = null

  constructor(conversations: Conversations) {
    this.#conversations = conversations
  }

  /** Something was said in it, or it was changed or deleted. */
  used(id: string, now: number): void {
    const uses = this.#known(now)
    // Put at the end: the map is in the order of use.
    uses.delete(id)
    uses.set(id, { at: now, info: null })
    const [oldest] = uses.keys()
    if (uses.size > LIMITS.activeConversations && oldest !== undefined) uses.delete(oldest)
  }

  /** Those in use, the one that was used last first. No title is among it: words stay in the user's hub. */
  list(now: number): readonly ActiveConversation[] {
    const uses = this.#known(now)
    const active: ActiveConversation[] = []
    for (const [id, { at, info: known }] of [...uses].toReversed()) {
      const info = known ?? (this.#conversations.has(id) ? this.#conversations.info(id) : null)
      if (info === null || at < now - LIMITS.activeMs) {
        uses.delete(id)
        continue
      }
      if (known === null) uses.set(id, { at, info })
      active.push({ id, created_at: info.createdAt, updated_at: at, message_count: info.messageCount })
    }
    return active
  }

  #known(now: number): Map<string, Use> {
    if (this.#uses === null) {
      const found = this.#conversations.usedSince(now - LIMITS.activeMs, LIMITS.activeConversations)
      this.#uses = new Map(found.toReversed().map((info) => [info.conversationId, { at: info.updatedAt, info }]))
    }
    return this.#uses
  }
}
