/** A conversation as its user sees it in a list. Times in ms since 1970. */
export interface ConversationInfo {
  readonly conversationId: string
  readonly title: string
  readonly createdAt: number
  /** When the last exchange ended, or when it was made. */
  readonly updatedAt: number
  readonly messageCount: number
}

/** One message of a conversation. */
export interface ConversationMessage {
  readonly role: 'user' | 'assistant'
  readonly content: string
  /** ms since 1970. */
  readonly at: number
  readonly requestId: string
  /** The message's own id, where the caller's protocol gives one; else made from the request's. */
  readonly messageId: string
  /** How the answer ended. */
  readonly status: 'complete' | 'cancelled' | 'error'
}

/** What one answer holds of a conversation (CV11). */
export interface Conversation extends ConversationInfo {
  /** Oldest first. */
  readonly messages: readonly ConversationMessage[]
  /** How many older ones there are. */
  readonly omitted: number
  /** Give it as `before` for these; null when there are none. */
  readonly next: number | null
}

/** A page of a user's conversations, newest first. */
export interface ConversationPage {
  readonly conversations: readonly ConversationInfo[]
  /** Give it as `before` for the next page; null when there is none. */
  readonly next: string | null
}
