import * as ai5 from 'ai5'
import * as ai6 from 'ai6'
import * as ai7 from 'ai7'
import * as z from 'zod'
import { uiMessageStream } from '../../src/dialects/ui-message-stream.ts'

/** A message as JSON: what an app would keep of it. */
const messageSchema = z.object({
  id: z.string(),
  role: z.string(),
  metadata: z.json().optional(),
  parts: z.array(z.looseObject({ type: z.string() })),
})
export type Message = z.output<typeof messageSchema>

/** What a client made of a stream. */
export interface Read {
  /** Chunks as its own schema gave them back. */
  readonly chunks: readonly { readonly type: string }[]
  /** The message in the end; null when there is none. */
  readonly message: Message | null
  /** What `error` chunks said. */
  readonly errors: readonly string[]
}

/** What a chat asked for by `fetch`. */
export interface Asked {
  readonly url: string
  readonly method: string
  readonly body: unknown
}

export interface Chat {
  readonly messages: readonly Message[]
  readonly status: string
  readonly error: string | null
  /** Calls that `onToolCall` was told of, by id. */
  readonly toldCalls: readonly string[]
  send(message: { readonly text: string; readonly messageId?: string }): Promise<void>
  regenerate(messageId?: string): Promise<void>
  output(tool: string, toolCallId: string, output: unknown): Promise<void>
  resume(): Promise<void>
}

export interface ChatOptions {
  readonly fetch: typeof fetch
  readonly id: string
  readonly messages?: readonly Message[]
  readonly body?: object
  /** Sends again by itself when all calls have results, by the version's own rule. */
  readonly sendsResults?: boolean
}

/** A version of the AI SDK as `useChat` uses it. */
export interface UiClient {
  readonly version: string
  read(text: string): Promise<Read>
  /** Throws when messages cannot be taken from where an app kept them. */
  validate(messages: readonly Message[]): Promise<void>
  chat(options: ChatOptions): Chat
}

export function streamOf(text: string): Response {
  const headers = { 'content-type': 'text/event-stream; charset=utf-8', ...uiMessageStream.headers }
  return new Response(text, { headers })
}

/** A `fetch` that keeps what was asked and answers in turn; with nothing left to say, 204. */
export function fetchOf(answers: readonly string[]): {
  readonly fetch: typeof fetch
  readonly asked: readonly Asked[]
} {
  const asked: Asked[] = []
  return {
    asked,
    fetch: async (input, init) => {
      const text = typeof init?.body === 'string' ? init.body : 'null'
      const body: unknown = JSON.parse(text)
      const answer = answers[asked.length]
      asked.push({ url: input instanceof Request ? input.url : input.toString(), method: init?.method ?? 'GET', body })
      return answer === undefined ? new Response(null, { status: 204 }) : streamOf(answer)
    },
  }
}

/** As JSON and back: an app keeps no `undefined`. */
function asJson(message: object): Message {
  return messageSchema.parse(JSON.parse(JSON.stringify(message)))
}

/** Reads a stream with a version's transport and its own reader of messages. */
async function readWith<C extends { type: string }>(
  stream: ReadableStream<C> | null,
  read: (stream: ReadableStream<C>, onError: (error: unknown) => void) => AsyncIterable<object>,
): Promise<Read> {
  if (stream === null) throw new Error('there is no stream')
  const chunks: C[] = []
  const failures: unknown[] = []
  const errors: string[] = []
  const seen = new TransformStream<C, C>({
    transform(chunk, controller) {
      chunks.push(chunk)
      controller.enqueue(chunk)
    },
  })
  let message: Message | null = null
  // The transport's own failures, such as a chunk that its schema refuses, break the pipe.
  const piped = stream.pipeTo(seen.writable).catch((error: unknown) => failures.push(error))
  const told = (error: unknown): void => {
    const words = error instanceof Error ? error.message : String(error)
    if (chunks.some((chunk) => 'errorText' in chunk && chunk.type === 'error' && chunk.errorText === words)) {
      errors.push(words)
    } else failures.push(error)
  }
  for await (const next of read(seen.readable, told)) message = asJson(next)
  await piped
  if (failures.length > 0) throw failures[0]
  return { chunks, message, errors }
}

/** What a framework's binding keeps for a chat, without a framework. */
class State<M> {
  status: 'submitted' | 'streaming' | 'ready' | 'error' = 'ready'
  error: Error | undefined = undefined
  messages: M[]

  constructor(messages: M[]) {
    this.messages = messages
  }
  pushMessage = (message: M): void => {
    this.messages = [...this.messages, message]
  }
  popMessage = (): void => {
    this.messages = this.messages.slice(0, -1)
  }
  replaceMessage = (index: number, message: M): void => {
    this.messages = this.messages.with(index, this.snapshot(message))
  }
  snapshot = <T>(thing: T): T => structuredClone(thing)
}

class Chat5 extends ai5.AbstractChat<ai5.UIMessage> {}
class Chat6 extends ai6.AbstractChat<ai6.UIMessage> {}
class Chat7 extends ai7.AbstractChat<ai7.UIMessage> {}

function face(chat: Chat5 | Chat6 | Chat7, toldCalls: readonly string[]): Chat {
  return {
    get messages() {
      return chat.messages.map(asJson)
    },
    get status() {
      return chat.status
    },
    get error() {
      return chat.error?.message ?? null
    },
    toldCalls,
    send: (message) => chat.sendMessage(message),
    regenerate: (messageId) => chat.regenerate(messageId === undefined ? {} : { messageId }),
    output: async (tool, toolCallId, output) => {
      await chat.addToolOutput({ tool, toolCallId, output })
    },
    resume: () => chat.resumeStream(),
  }
}

export const UI_CLIENTS: readonly UiClient[] = [
  {
    version: 'ai 5',
    read: async (text) =>
      readWith(
        await new ai5.DefaultChatTransport({ fetch: async () => streamOf(text) }).reconnectToStream({ chatId: 'c1' }),
        (stream, onError) => ai5.readUIMessageStream({ stream, onError }),
      ),
    validate: async (messages) => void (await ai5.validateUIMessages({ messages })),
    chat: ({ fetch, id, messages = [], body = {}, sendsResults = false }) => {
      const told: string[] = []
      return face(
        new Chat5({
          id,
          state: new State<ai5.UIMessage>(JSON.parse(JSON.stringify(messages))),
          transport: new ai5.DefaultChatTransport({ fetch, body }),
          onToolCall: ({ toolCall }) => void told.push(toolCall.toolCallId),
          ...(sendsResults && { sendAutomaticallyWhen: ai5.lastAssistantMessageIsCompleteWithToolCalls }),
        }),
        told,
      )
    },
  },
  {
    version: 'ai 6',
    read: async (text) =>
      readWith(
        await new ai6.DefaultChatTransport({ fetch: async () => streamOf(text) }).reconnectToStream({ chatId: 'c1' }),
        (stream, onError) => ai6.readUIMessageStream({ stream, onError }),
      ),
    validate: async (messages) => void (await ai6.validateUIMessages({ messages })),
    chat: ({ fetch, id, messages = [], body = {}, sendsResults = false }) => {
      const told: string[] = []
      return face(
        new Chat6({
          id,
          state: new State<ai6.UIMessage>(JSON.parse(JSON.stringify(messages))),
          transport: new ai6.DefaultChatTransport({ fetch, body }),
          onToolCall: ({ toolCall }) => void told.push(toolCall.toolCallId),
          ...(sendsResults && { sendAutomaticallyWhen: ai6.lastAssistantMessageIsCompleteWithToolCalls }),
        }),
        told,
      )
    },
  },
  {
    version: 'ai 7',
    read: async (text) =>
      readWith(
        await new ai7.DefaultChatTransport({ fetch: async () => streamOf(text) }).reconnectToStream({ chatId: 'c1' }),
        (stream, onError) => ai7.readUIMessageStream({ stream, onError }),
      ),
    validate: async (messages) => void (await ai7.validateUIMessages({ messages })),
    chat: ({ fetch, id, messages = [], body = {}, sendsResults = false }) => {
      const told: string[] = []
      return face(
        new Chat7({
          id,
          state: new State<ai7.UIMessage>(JSON.parse(JSON.stringify(messages))),
          transport: new ai7.DefaultChatTransport({ fetch, body }),
          onToolCall: ({ toolCall }) => void told.push(toolCall.toolCallId),
          ...(sendsResults && { sendAutomaticallyWhen: ai7.lastAssistantMessageIsCompleteWithToolCalls }),
        }),
        told,
      )
    },
  },
]
