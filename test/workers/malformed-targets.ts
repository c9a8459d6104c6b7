import type * as z from 'zod'
import { commandOf as openAiCommandOf } from '../../src/dialects/openai-request.ts'
import { todoRequestOf } from '../../src/dialects/todo-request.ts'
import { commandOf as uiCommandOf } from '../../src/dialects/ui-request.ts'
import { chatBody } from '../../src/edge/schemas/chat.ts'
import { newSessionBody, renameBody } from '../../src/edge/schemas/chat-turns.ts'
import { triggerBody } from '../../src/edge/schemas/requests.ts'
import { newTodoBody, todoChangesBody } from '../../src/edge/schemas/todos.ts'
import type { Base } from './malformed-inputs.ts'

/** An address, and what its own schema says of a body. */
export interface Target extends Base {
  readonly name: string
  /** False of a body that must be refused; unknown where there is none. */
  readonly takes?: (raw: unknown) => boolean
  /** Its event streams have no end. */
  readonly isEndless?: boolean
  readonly headers?: Readonly<Record<string, string>>
  /** What it answers unspoiled at last, where that is no success: its id is nobody's, or it was done too often. */
  readonly status?: number
  /** How often it is tried: those that begin nothing less often. */
  readonly times: number
}

/** Few of those that only read or name something. */
const FEW = 70
const MANY = 200

const fits = (schema: z.ZodType) => (raw: unknown) => schema.safeParse(raw).success
export const runs =
  <T>(parse: (raw: T) => unknown) =>
  (raw: T) => {
    try {
      parse(raw)
      return true
    } catch {
      return false
    }
  }

const said = [
  { role: 'user', content: 'Hello' },
  { role: 'assistant', content: 'Hello you' },
  { role: 'user', content: 'What is a freshet?' },
]
const parts = [{ type: 'text', text: 'What is a freshet?' }]
const chat = {
  message: 'What flows in spring?',
  session_id: 's-1',
  request_id: null,
  agent: 'assistant',
  model: 'm',
  time_zone: 'UTC',
}
const todo = {
  item: 'Buy milk',
  start_time: 'tomorrow at 2pm',
  end_time: '1 hour',
  importance: 'low',
  tags: ['a', 'b'],
  time_zone: 'UTC',
}
const tool = {
  type: 'function',
  function: { name: 'look', times: MANY, description: 'Looks', parameters: { type: 'object', properties: {} } },
}
export const config = { routing_strategy: 'intelligent', speed_priority: true, cost_limit: null, timeout: 20 }

export const TARGETS: readonly Target[] = [
  {
    name: 'D1 query',
    times: MANY,
    method: 'GET',
    path: '/ws/ai-stream',
    query: { model_preference: 'm', language: 'en', conversation_id: 'c', last_event_id: '0-0' },
    headers: { upgrade: 'websocket' },
  },
  {
    name: 'D2 query',
    times: MANY,
    method: 'GET',
    path: '/sse/ai-stream',
    query: { subscriptions: 'ai_response', client_id: 'c', conversation_id: 'c', last_event_id: '0-0' },
    isEndless: true,
  },
  {
    name: 'D2 trigger',
    times: MANY,
    method: 'POST',
    path: '/api/sse/trigger-stream',
    body: {
      prompt: 'Hello',
      config,
      stream_config: { granularity: 'chunk', cache: 'off' },
      client_id: 'c',
      conversation_id: 'c',
    },
    takes: fits(triggerBody),
  },
  { name: 'D3 body', times: MANY, method: 'POST', path: '/api/chat/message', body: chat, takes: fits(chatBody) },
  {
    name: 'D3 query',
    times: MANY,
    method: 'GET',
    path: '/api/chat/stream',
    query: { message: 'Hello', session_id: 's-1', agent: 'assistant', model: 'm', time_zone: 'UTC', last_event_id: '' },
  },
  { name: 'D4 body', times: MANY, method: 'POST', path: '/chat/stream', body: chat, takes: fits(chatBody) },
  {
    name: 'D4 query',
    times: FEW,
    method: 'GET',
    path: '/chat/stream',
    query: { session_id: 's-1', last_event_id: '' },
  },
  {
    name: 'D4 new session',
    times: FEW,
    method: 'POST',
    path: '/sessions/new',
    body: { title: 'A title' },
    takes: fits(newSessionBody),
  },
  {
    name: 'D4 sessions',
    times: FEW,
    method: 'GET',
    path: '/sessions',
    query: { limit: '10', before: '1_s-1' },
  },
  { name: 'D4 session', times: FEW, method: 'GET', path: '/sessions/{s-1}' },
  {
    name: 'D4 rename',
    times: FEW,
    method: 'PATCH',
    path: '/sessions/{s-1}',
    body: { title: 'Another' },
    takes: fits(renameBody),
  },
  { name: 'D4 clear', times: FEW, method: 'POST', path: '/sessions/{s-1}/clear' },
  {
    name: 'D5 body',
    times: MANY,
    method: 'POST',
    path: '/api/todos/agent-create/stream',
    body: { messages: said, session_id: 's-1', batch: true, time_zone: 'UTC', model: 'm' },
    takes: runs((raw: unknown) => todoRequestOf(raw, 'D5 body')),
  },
  {
    name: 'D5 query',
    times: FEW,
    method: 'GET',
    path: '/api/todos/agent-create/stream',
    query: { session_id: 's-1', batch: 'true', last_event_id: '' },
  },
  { name: 'D5 new todo', times: MANY, method: 'POST', path: '/api/todos', body: todo, takes: fits(newTodoBody) },
  {
    name: 'D5 todos',
    times: FEW,
    method: 'GET',
    path: '/api/todos',
    query: {
      status: 'pending',
      importance: 'low',
      tag: 'a',
      query: 'milk',
      from: 'today',
      to: 'next week',
      time_zone: 'UTC',
    },
  },
  {
    name: 'D5 todo',
    times: FEW,
    status: 404,
    method: 'PATCH',
    path: '/api/todos/{t-1}',
    body: { ...todo, status: 'completed' },
    takes: fits(todoChangesBody),
  },
  {
    name: 'D6 body',
    times: MANY,
    method: 'POST',
    path: '/v1/chat/completions',
    body: {
      model: 'freshet',
      messages: said,
      stream: true,
      stream_options: { include_usage: true },
      tools: [tool],
      tool_choice: 'auto',
      stop: ['x'],
      temperature: 1,
    },
    takes: runs((raw: unknown) => openAiCommandOf(raw, () => true)),
  },
  {
    name: 'D6 by id',
    times: FEW,
    status: 404,
    method: 'GET',
    path: '/v1/chat/completions/{chatcmpl-x}',
    query: { stream: 'true', last_event_id: '' },
  },
  { name: 'D6 model', times: FEW, method: 'GET', path: '/v1/models/{freshet}' },
  {
    name: 'D7 body',
    times: MANY,
    method: 'POST',
    path: '/api/chat',
    body: {
      id: 'chat-1',
      trigger: 'submit-message',
      messages: [{ id: 'm-1', role: 'user', parts }],
      agent: 'assistant',
      config,
      tools: {},
      time_zone: 'UTC',
    },
    takes: runs(uiCommandOf),
  },
  { name: 'D7 stream', times: FEW, method: 'GET', path: '/api/chat/{chat-1}/stream', query: { last_event_id: '0-0' } },
  { name: 'D7 stop', times: FEW, method: 'DELETE', path: '/api/chat/{chat-1}/stream' },
  { name: 'tickets', times: MANY, status: 429, method: 'POST', path: '/api/tickets', body: { user_id: 'x' } },
  {
    name: 'a ticket',
    times: MANY,
    status: 401,
    method: 'GET',
    path: '/sessions',
    query: { ticket: 'dGlja2V0.dGlja2V0' },
  },
  { name: 'a request', times: FEW, status: 404, method: 'GET', path: '/api/requests/{r-1}' },
  { name: 'a cancel', times: FEW, status: 404, method: 'POST', path: '/api/requests/{r-1}/cancel' },
]
