import type { Conversation, ConversationInfo, ConversationPage } from '../core/conversation.ts'
import { newId } from '../core/ids.ts'
import { LIMITS } from '../core/limits.ts'
import type { EventLog } from '../core/log.ts'
import type { AnswerCache } from './answer-cache.ts'
import type { Conversations } from './conversations.ts'
import type { Requests } from './requests.ts'
import type { HubStore } from './store.ts'

interface DeskPorts {
  readonly log: EventLog
  readonly store: HubStore
  readonly conversations: Conversations
  readonly requests: Requests
  readonly cache: AnswerCache
  now(): number
  transaction<T>(work: () => T): T
  /** The user's other devices are to know, unless it is new and none of them can show it. */
  changed(conversationId: string, change: 'created' | 'cleared' | 'deleted'): void
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

  /** Deletes what nobody used since, ms; what is being answered in is used (CV5). @returns how many */
  expire(before: number): number {
    const inUse = new Set([...this.#ports.requests.runner.all()].map(({ conversationId }) => conversationId))
    const unused = this.#ports.conversations.unusedSince(before).filter((id) => !inUse.has(id))
    for (const id of unused) this.#forget(id, 'deleted')
    return unused.length
  }

  #forget(id: string, change: 'cleared' | 'deleted'): void {
    const { conversations, requests, store, log, cache } = this.#ports
    conversations.info(id)
    for (const running of [...requests.runner.all()]) {
      if (running.conversationId === id) requests.runner.cancel(running, `the conversation was ${change}`)
    }
    this.#ports.transaction(() => {
      if (change === 'deleted') conversations.delete(id)
      else conversations.clear(id, this.#ports.now())
      log.erase(id)
      cache.forget(id)
      store.detach(id)
    })
    this.#ports.changed(id, change)
  }
}
