import type { Owned } from './owned.ts'

/** A call of an endpoint; the endpoint says method and address. */
export interface Ask {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object
}

/** What somebody else tries with what is the owner's, and how it is answered. */
export interface Try {
  readonly ask: Ask
  readonly status: number
  /** What stands in the answer. */
  readonly says?: RegExp
}

/** How an endpoint is called, and what it answers to whom. */
export interface Row {
  readonly access?: 'operator' | 'public'
  /** The least that is taken from the owner. */
  own(owner: Owned): Ask
  /** What the owner is answered; 200. */
  readonly status?: number
  /** The owner's words are in the answer to the owner. */
  readonly shows?: boolean
  /** For a stream without an end: what is read of it. */
  readonly until?: RegExp
  /** What another is answered to the owner's own call; what the owner is answered. */
  readonly others?: number
  tries?(owner: Owned): readonly Try[]
}

const upgrade = { upgrade: 'websocket' }
const hello = [{ role: 'user', content: 'Hello' }]
const uiHello = [{ id: 'm-1', role: 'user', parts: [{ type: 'text', text: 'Hello' }] }]
const plain: Row = { own: () => ({}) }
const operator: Row = { ...plain, access: 'operator' }
const open: Row = { ...plain, access: 'public' }

/** Reading an answer that is another's: by its request, by what runs in a conversation, by a cursor. */
function watching({ ended, running, chat, cursor }: Owned): readonly Try[] {
  return [
    { ask: { query: { request_id: ended } }, status: 404 },
    { ask: { query: { request_id: running } }, status: 404 },
    { ask: { query: { session_id: chat } }, status: 204 },
    { ask: { query: { last_event_id: cursor } }, status: 204 },
    { ask: { query: { request_id: ended }, headers: { 'last-event-id': cursor } }, status: 204 },
  ]
}

/** The same of D3 and D4 by POST; and speaking in another's conversation, which is then one's own of that name. */
function asking({ ended, running, conversation, cursor }: Owned): readonly Try[] {
  return [
    { ask: { body: { request_id: ended } }, status: 404 },
    { ask: { body: { request_id: running } }, status: 404 },
    { ask: { body: {}, headers: { 'last-event-id': cursor } }, status: 204 },
    { ask: { body: { message: 'What did I say?', session_id: conversation } }, status: 200 },
    { ask: { body: { message: 'And now?', request_id: ended } }, status: 200 },
  ]
}

/** Every endpoint of the service. */
export const ROWS: Readonly<Record<string, Row>> = {
  'get /ws/ai-stream': {
    own: ({ cursor }) => ({ query: { last_event_id: cursor }, headers: upgrade }),
    status: 101,
    shows: true,
    until: /"stream_end"|"resync"/,
    tries: () => [{ ask: { headers: upgrade, query: { last_event_id: '0-0' } }, status: 101, says: /"messages":\[\]/ }],
  },
  'get /sse/ai-stream': {
    own: ({ cursor }) => ({ query: { last_event_id: cursor } }),
    shows: true,
    until: /event: (stream_complete|resync)[\s\S]*\n\n/,
    tries: ({ chat }) => [{ ask: { query: { conversation_id: chat, last_event_id: '0-0' } }, status: 200 }],
  },
  'get /sse/dashboard': { ...plain, until: /event: cache_update[\s\S]*\n\n/ },
  'get /sse/monitoring': { ...plain, until: /event: cost_update[\s\S]*\n\n/ },
  'post /api/sse/trigger-stream': {
    own: () => ({ body: { prompt: 'Hello' }, query: { wait: 'true' } }),
    tries: ({ ended, conversation }) => [
      {
        ask: { body: { prompt: 'Hello', request_id: ended, conversation_id: conversation }, query: { wait: 'true' } },
        status: 200,
        says: /"duplicate":false/,
      },
    ],
  },
  'get /api/requests/{id}': {
    own: ({ running }) => ({ params: { id: running } }),
    others: 404,
    tries: ({ ended }) => [{ ask: { params: { id: ended } }, status: 404 }],
  },
  'post /api/requests/{id}/cancel': { own: ({ running }) => ({ params: { id: running } }), others: 404 },
  'get /api/chat/stream': { own: () => ({ query: { message: 'Hello' } }), tries: watching },
  'post /api/chat/message': { own: () => ({ body: { message: 'Hello' } }), tries: asking },
  'post /chat/stream': {
    own: ({ conversation }) => ({ body: { message: 'Hello', session_id: conversation } }),
    tries: asking,
  },
  'get /chat/stream': {
    own: ({ ended }) => ({ query: { request_id: ended } }),
    shows: true,
    others: 404,
    tries: watching,
  },
  'post /sessions/new': { own: () => ({ body: { title: 'Mine' } }) },
  'get /sessions': {
    ...plain,
    shows: true,
    tries: () => [{ ask: { query: { scope: 'all' } }, status: 403 }],
  },
  'get /sessions/{id}': { own: ({ conversation }) => ({ params: { id: conversation } }), shows: true, others: 404 },
  'patch /sessions/{id}': {
    own: ({ conversation }) => ({ params: { id: conversation }, body: { title: 'Another' } }),
    others: 404,
  },
  'delete /sessions/{id}': { own: ({ conversation }) => ({ params: { id: conversation } }), others: 404 },
  'post /sessions/{id}/clear': { own: ({ conversation }) => ({ params: { id: conversation } }), others: 404 },
  'get /stats': plain,
  'post /api/chat': {
    own: () => ({ body: { id: 'my-own-chat', messages: uiHello } }),
    tries: ({ conversation, chat, ended, cursor }) => [
      { ask: { body: { id: conversation, messages: uiHello } }, status: 200 },
      { ask: { body: { id: chat, messages: uiHello, request_id: ended } }, status: 200 },
      { ask: { body: { id: chat, messages: uiHello }, headers: { 'last-event-id': cursor } }, status: 204 },
    ],
  },
  'get /api/chat/{id}/stream': {
    own: ({ chat }) => ({ params: { id: chat } }),
    shows: true,
    until: /(text-delta[\s\S]*){3}/,
    others: 204,
    tries: ({ ended, chat, cursor }) => [
      { ask: { params: { id: ended } }, status: 204 },
      { ask: { params: { id: chat }, headers: { 'last-event-id': cursor } }, status: 204 },
    ],
  },
  'delete /api/chat/{id}/stream': {
    own: ({ chat }) => ({ params: { id: chat } }),
    tries: ({ chat, running }) => [
      { ask: { params: { id: chat } }, status: 200, says: /"cancelled":\[\]/ },
      { ask: { params: { id: running } }, status: 200, says: /"cancelled":\[\]/ },
    ],
  },
  'post /api/todos/agent-create/stream': {
    own: () => ({ body: { messages: [{ role: 'user', content: 'What is on my list?' }] } }),
    shows: true,
    tries: ({ user, conversation, cursor }) => [
      { ask: { body: { messages: hello, session_id: `user_${user}_1` } }, status: 200, says: /Access denied/ },
      { ask: { body: { messages: hello, session_id: conversation } }, status: 200 },
      { ask: { body: { messages: hello }, headers: { 'last-event-id': cursor } }, status: 204 },
    ],
  },
  'get /api/todos/agent-create/stream': {
    own: ({ ended }) => ({ query: { request_id: ended } }),
    shows: true,
    others: 404,
    tries: watching,
  },
  'get /api/todos': {
    ...plain,
    shows: true,
    tries: ({ chat }) => [{ ask: { query: { session_id: chat } }, status: 200 }],
  },
  'post /api/todos': { own: () => ({ body: { item: 'Rest' } }), status: 201 },
  'get /api/todos/{todo_id}': { own: ({ todo }) => ({ params: { todo_id: todo } }), shows: true, others: 404 },
  'patch /api/todos/{todo_id}': {
    own: ({ todo }) => ({ params: { todo_id: todo }, body: { importance: 'low' } }),
    shows: true,
    others: 404,
  },
  'delete /api/todos/{todo_id}': { own: ({ todo }) => ({ params: { todo_id: todo } }), shows: true, others: 404 },
  'post /v1/chat/completions': {
    own: () => ({ body: { model: 'freshet', messages: hello } }),
    tries: ({ ended, conversation, cursor }) => [
      { ask: { body: { model: 'freshet', messages: hello, request_id: ended } }, status: 200 },
      { ask: { body: { model: 'freshet', messages: hello, conversation_id: conversation } }, status: 200 },
      {
        ask: { body: { model: 'freshet', messages: hello, stream: true }, headers: { 'last-event-id': cursor } },
        status: 204,
      },
    ],
  },
  'get /v1/chat/completions/{id}': {
    own: ({ ended }) => ({ params: { id: ended } }),
    shows: true,
    others: 404,
    tries: ({ ended, running, cursor }) => [
      { ask: { params: { id: `chatcmpl-${running}` } }, status: 404 },
      { ask: { params: { id: ended }, query: { stream: 'true' } }, status: 404 },
      { ask: { params: { id: ended }, query: { stream: 'true', last_event_id: cursor } }, status: 204 },
    ],
  },
  'get /v1/models': plain,
  'get /v1/models/{id}': { ...plain, own: () => ({ params: { id: 'freshet' } }) },
  'post /api/tickets': plain,
  'get /api/streaming/stats': operator,
  'get /api/streaming/sessions': operator,
  'get /api/sse/stats': operator,
  'get /metrics': operator,
  'get /health': open,
  'get /debug/hub': { ...operator, own: ({ user }) => ({ query: { user_id: user } }) },
  'get /': open,
  'get /openapi.json': open,
}
