/**
 * Every bound in one place: the value, why, and what happens beyond it.
 * Bytes are of UTF-8 unless it says characters (UTF-16 units).
 */
export const LIMITS = {
  /** A WebSocket frame from a client. workerd takes 32 MiB; no command of ours needs more than a prompt. → frame_too_large */
  frameBytes: 1024 * 1024,
  /** Nesting of JSON from outside: no command of ours needs six, and schemas recurse. → bad_json */
  jsonDepth: 32,
  /** The body of an HTTP request: 50 messages of 10,000 characters (D5) as Python escapes them are 3 MB. → body_too_large */
  bodyBytes: 4 * 1024 * 1024,
  /** A prompt. Far above any model's useful input by one person, far below SQLite's 2 MB row. → prompt_too_long */
  promptChars: 200_000,
  /** Names of users: a header value that is also a Durable Object's name. */
  userIdChars: 128,
  /** Request, conversation and client ids given by a client. */
  idChars: 128,
  /** `preferences` of a connection as JSON: they live in the socket's attachment, which holds 16 KiB. */
  preferencesBytes: 4096,
  /** Longest `timeout` a request may ask for, seconds: the deadline must outlive neither client nor patience. */
  timeoutS: 600,
  /** A provider's single delta as one event: larger ones are cut (LG7). */
  deltaChars: 16_384,
  /**
   * All of an answer; a runaway provider ends here. Eight running ones must fit the frame of a resync, which the
   * platform bounds at 32 MiB. → answer_too_long
   */
  answerChars: 1_000_000,
  /** Longest wait of a delta while someone watches, ms. Contract: at most 100 ms late; the rest is room for a late timer. */
  gatherWatchedMs: 90,
  /** The same while nobody watches, ms: about one a second, with room for an answer that takes longer than it should. */
  gatherUnwatchedMs: 1250,
  /** Gathered text goes out at this size whatever the clock says (GA4). */
  gatherChars: 8192,
  gatherDeltas: 256,
  /** The watchdog alarm while a request runs: what a killed hub leaves is ended at the latest then, ms (GE6). */
  watchdogMs: 25_000,
  /** Bytes a bridge may have unacknowledged before it is paged from the log instead. */
  bridgeWindowBytes: 512 * 1024,
  /** A bridge acknowledges after this many bytes. */
  bridgeAckBytes: 64 * 1024,
  /** Encoded bytes that wait in the edge for one SSE reader (SB4). */
  readerBufferBytes: 1024 * 1024,
  /** Unsent bytes of a WebSocket before it is paged (FO3); measured: closing past 1 MB held ten dead readers to 34 MB. */
  socketBufferBytes: 1024 * 1024,
  /** A reader that takes nothing for this long is cut off, ms. */
  slowReaderMs: 30_000,
  /** Bytes of log read for one page of a replay. */
  pageBytes: 128 * 1024,
  /** Events of a page: frames of 32 to 1024 events replay fastest (performance figures). */
  pageEvents: 1024,
  /** A resync's state: newest exchanges and their text (RS3). */
  resyncExchanges: 50,
  resyncChars: 256 * 1024,
  /** Grid on which idle connections are looked at, ms (contract D1: every 300 s). */
  idleCheckMs: 300_000,
  /** Ended requests that wait to be told to the monitor while it is down. */
  reportedEnds: 100,
  /** Hubs that a restarted monitor asks how they stand, each by one call; how many at a time, and how long one may take, ms. */
  refreshedHubs: 500,
  refreshedAtOnce: 50,
  refreshMs: 1000,
  /** Comment on a silent event stream, ms: proxies cut after 30 s (seen at 30.26 s). */
  sseCommentMs: 15_000,
  /**
   * The same on a stream of one request: that its reader has left is seen at the second write to it, and must be by the
   * time that its retry comes (GE11), which is `sseRetryMs` later at the soonest.
   */
  requestCommentMs: 750,
  /** How long a small event waits for others, for a reader that asked for batches, ms (contract D5: its SDK's 100 ms). */
  batchMs: 100,
  /** What an EventSource is told to wait before it reconnects, ms. */
  sseRetryMs: 2000,
  /** How long the head of a stream waits for its first event, to leave with it, ms (DI5). */
  firstEventMs: 1000,
  /** An address: what Cloudflare's edge takes. Headers all together: twice what a browser sends with a long token. */
  urlChars: 16_384,
  headerChars: 32_768,
  /** How long a ticket works, ms (contract: within 60 s), and how many may be unused at a time. */
  ticketMs: 60_000,
  tickets: 100,
  /** How often a bridge tries to reach a hub that went away, and its first wait, doubled each time, ms. */
  reattachTries: 5,
  reattachMs: 100,
  /** Answers kept for repetition, per user: how many, how large all together and each, how long, ms (CA2). */
  cacheEntries: 200,
  cacheChars: 2_000_000,
  cacheEntryChars: 200_000,
  cacheMaxAgeMs: 24 * 3_600_000,
  /** Health that is older than this is asked for again before a provider is chosen, ms; and how long that may take. */
  healthFreshMs: 5000,
  healthWaitMs: 500,
  /** A provider that has just failed this hub is left alone by it for so long, ms, whatever the monitor says. */
  ownFailureMs: 10_000,
  /** How long a settled attempt stands in the ledger, ms: a quarter, so that a bill can be checked. */
  ledgerMs: 90 * 24 * 3_600_000,
  /** Tokens (of 4 characters) of a conversation that a model is given beside the prompt: within every model's window (CV3). */
  historyTokens: 16_000,
  /** Conversations of one user; beyond, the oldest must be deleted first. → too_many_conversations */
  conversations: 2000,
  /** Exchanges kept of one conversation; a page of the list. */
  conversationExchanges: 2000,
  conversationsPage: 50,
  /**
   * Of a conversation's exchanges as stored, in one answer; older ones are asked for. It goes from the hub to the edge as one
   * value, which the platform bounds at 32 MiB, where a character outside Latin-1 makes two bytes of all in its text. (CV11)
   */
  conversationBytes: 8_000_000,
  /** Conversations that expire in one alarm, each a transaction, and the pause before the next alarm for the rest, ms (CV5). */
  expiredAtOnce: 50,
  expiryPauseMs: 1000,
  /** A conversation is active for this long after it was used, ms; and how many of a user's the monitor is told of. */
  activeMs: 30 * 60_000,
  activeConversations: 100,
  titleChars: 60,
  /** Messages in one body: an app that works for long sends all that was said each time. → bad_request */
  messages: 2000,
  /** How many of them a model is given, the newest. */
  historyMessages: 200,
  /** Messages in a body of D5, and characters of one (contract D5). → bad_request */
  todoMessages: 50,
  todoMessageChars: 10_000,
  /** Tools that a caller may bring, and the length of one's JSON Schema. → bad_request */
  callerTools: 64,
  toolSchemaChars: 16_384,
  /**
   * Calls of tools in one turn of a model, and the arguments of one, characters: each is an event, and one of six bytes a
   * character is still a row. All of a turn together are bounded as an answer is (`answerChars`), since the compacted log
   * of a request goes over in one frame. Models send a few calls with a few hundred characters. → provider_error
   */
  turnCalls: 128,
  callArgumentsChars: 256 * 1024,
  /** A call's id and its tool's name, as a provider gives them: both stand beside a result of the most that fits a row. */
  callNameChars: 1024,
  /** Tools running at a time in one request, and how long one may take, ms (AG3). */
  toolsAtOnce: 8,
  toolMs: 10_000,
  /** A tool's output as text for the model, and strings in it as anyone sees them (AG6). */
  toolOutputChars: 20_000,
  toolStringChars: 5000,
  /**
   * An end that repeats the answer and its history (D5) is one row, and SQLite's rows end at 2 MB. The answer is in it
   * twice. Bytes of JSON: of a control character there are six.
   */
  closingAnswerBytes: 600_000,
  closingBytes: 1_800_000,
  /** Text of a specialist's finding that its end event carries. */
  findingChars: 4000,
  /** How long after its end a request that nobody saw the end of can be joined by a retry, ms (GE11). */
  retryJoinMs: 60_000,
  /**
   * A request that was just begun, or joined by a retry, is its caller's, whose reader is on the way, ms. OpenAI's
   * clients retry after 375 ms at the earliest. (GE11)
   */
  retryClaimMs: 250,
  /**
   * That a reader has left is noticed at the second comment (`requestCommentMs`), with room: one that has been there for
   * longer than this, ms, is there. (GE11)
   */
  readerGoneMs: 2000,
  /** How long after its end was told a request can still be joined by a call that says that it is a retry, ms (OA15). */
  retryToldMs: 3000,
  /** Refusals of calls with the same words that are remembered for their retries (OA15); more are tried again in vain. */
  refusalsKept: 100,
  /** Days of spending that a hub reports to the monitor. */
  spendDays: 7,
} as const

/** Bounds of a user's todos: the value, why, and what happens beyond it. */
export const TODO_LIMITS = {
  /** What is to be done, characters: a line or two; notes belong elsewhere. → bad_request */
  itemChars: 500,
  /** Tags of one todo, and the length of each, characters: they are words to filter by. → bad_request */
  tags: 20,
  tagChars: 50,
  /** Todos of one user: years of them, and still one read of under 2 MB to search them all. → too_many_todos */
  todos: 2000,
  /** Todos that a tool shows at a time: more would not fit its output; the rest is counted. */
  shown: 50,
  /** Times lie in these years: before it and after it somebody mistyped. → bad_request */
  firstYear: 1970,
  lastYear: 2200,
} as const
