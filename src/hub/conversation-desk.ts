import type { Conversation, ConversationInfo, ConversationPage } from '../core/conversation.ts'
import { newId } from '../core/ids.ts'
import { LIMITS } from '../core/limits.ts'
import type { EventLog } from '../core/log.ts'
import type { AnswerCache } from './answer-cache.ts'
import type { Conversations } from './conversations.ts'
import type { Runner } from './runner.ts'
import type { HubStore } from './store.ts'

/** By so much, ms, the last event of a conversation may be later than its last use as it knows it: answers may end late. */
const LATE_MS = 24 * 3_600_000

interface DeskPorts {
  readonly log: EventLog
  readonly store: Pick<HubStore, 'privateKey' | 'totals' | 'saveTotals' | 'detach'>
  readonly conversations: Conversations
  readonly requests: { readonly runner: Pick<Runner, 'all' | 'cancel'> }
  readonly cache: Pick<AnswerCache, 'forget'>
  now(): number
  transaction<T>(work: () => T): T
  /** The user's other devices are to know, unless it is new and none of them can show it. */
  changed(conversationId: string, change: 'created' | 'cleared' | 'deleted' | 'expired'): void
}

/** What a user does with conversations as a whole (SPEC CV1, CV5, CV6). */
export class ConversationDesk {
  readonly #ports: DeskPorts

  constructor(ports: DeskPorts) {
    this.#ports = ports
  }

  /**
   * Makes a conversation, or finds the one of this id.
   * @param id null for a new one
   * @throws FreshetError `too_many_conversations`
   */
  create(id: string | null, title: string | null): ConversationInfo {
    const { conversations, store } = this.#ports
    const wanted = id ?? newId(store.privateKey)
    const made = this.#ports.transaction(() => {
      if (!conversations.ensure(wanted, this.#ports.now(), title)) return false
      store.totals.conversations += 1
      store.saveTotals()
      return true
    })
    if (made) this.#ports.changed(wanted, 'created')
    return conversations.info(wanted)
  }

  list(before: string | null, limit: number): ConversationPage {
    return this.#ports.conversations.list(before, Math.min(limit, LIMITS.conversationsPage))
  }

  /** @param before `next` of the answer before, or null @throws FreshetError `conversation_not_found` */
  read(id: string, before: number | null): Conversation {
    return this.#ports.conversations.read(id, before)
  }

  /** @throws FreshetError `conversation_not_found` */
  rename(id: string, title: string): ConversationInfo {
    this.#ports.conversations.rename(id, title)
    return this.#ports.conversations.info(id)
  }

  /** Forgets what was said. @throws FreshetError `conversation_not_found` */
  clear(id: string): ConversationInfo {
    this.#forget(id, 'cleared')
    return this.#ports.conversations.info(id)
  }

  /** Deletes it and every copy of its words (CV6). @throws FreshetError `conversation_not_found` */
  delete(id: string): void {
    this.#forget(id, 'deleted')
  }

  /** Deletes what nobody used since, ms, as much as one turn takes; what is being answered in is used (CV5). */
  expire(before: number): void {
    const { requests, conversations } = this.#ports
    const inUse = new Set([...requests.runner.all()].map(({ conversationId }) => conversationId))
    const unused = conversations
      .unusedSince(before, LIMITS.expiredAtOnce + inUse.size)
      .filter(({ conversationId }) => !inUse.has(conversationId))
      .slice(0, LIMITS.expiredAtOnce)
    if (unused.length === 0) return
    const kept = this.#keptSince()
    for (const { conversationId, usedAt } of unused) {
      // What the log no longer holds need not be looked for in all of it, nor its requests, which went with it.
      const isLogged = kept !== null && usedAt + LATE_MS >= kept
      this.#remove(conversationId, 'expired', isLogged)
      this.#ports.changed(conversationId, 'expired')
    }
  }

  #forget(id: string, change: 'cleared' | 'deleted'): void {
    const { conversations, requests } = this.#ports
    conversations.info(id)
    for (const running of [...requests.runner.all()]) {
      if (running.conversationId === id) requests.runner.cancel(running, `the conversation was ${change}`)
    }
    this.#remove(id, change, true)
    this.#ports.changed(id, change)
  }

  /** @param isLogged whether the log may hold something of it */
  #remove(id: string, change: 'cleared' | 'deleted' | 'expired', isLogged: boolean): void {
    const { conversations, store, log, cache } = this.#ports
    this.#ports.transaction(() => {
      if (change === 'cleared') conversations.clear(id, this.#ports.now())
      else conversations.delete(id)
      cache.forget(id)
      if (!isLogged) return
      log.erase(id)
      store.detach(id)
    })
  }

  /** When the oldest event was logged that is kept, ms, or null without any. */
  #keptSince(): number | null {
    const { log } = this.#ports
    const [oldest] = log.after(log.bounds().firstSeq - 1, { events: 1, bytes: 1 })
    return oldest?.event.at ?? null
  }
}
