import { headersOf } from './chat-support.ts'
import { call, type Seen, Stream } from './support.ts'

export const PATH = '/api/todos/agent-create/stream'
/** Clocks change there: -04:00 in summer, -05:00 in winter. */
export const ZONE = 'America/New_York'

export interface Wish {
  readonly user: string | null
  readonly cursor?: string | null | undefined
  readonly query?: string
  readonly headers?: Record<string, string>
}

function initOf(body: unknown): RequestInit {
  return { method: 'POST', ...(body !== undefined && { body: JSON.stringify(body) }) }
}

/** What the todo agent answers to a body; there must be a stream. */
export function asked({ user, cursor, query = '', headers }: Wish, body: unknown): Promise<Stream> {
  return Stream.open(`${PATH}${query}`, { ...headersOf(user, cursor), ...headers }, initOf(body))
}

/** The same, where there may be none. */
export function response({ user, cursor, query = '', headers }: Wish, body: unknown): Promise<Response> {
  return call(`${PATH}${query}`, { headers: { ...headersOf(user, cursor), ...headers }, ...initOf(body) })
}

export function bodyOf(text: string, more: object = {}): object {
  return { messages: [{ role: 'user', content: text }], time_zone: ZONE, ...more }
}

/** Says something to the agent and reads the answer to its end. */
export async function says(user: string | null, text: string, more: object = {}): Promise<readonly Seen[]> {
  const stream = await asked({ user }, bodyOf(text, more))
  await stream.over()
  return stream.all
}

/** Data of the events with a name. */
export function all(events: readonly Seen[], type: string): readonly Record<string, unknown>[] {
  return events.filter((event) => event.type === type).map(({ data }) => data)
}

/** Tools that were called, with what came of each: `[name, arguments, output]`, in the order of the calls. */
export function toolsOf(events: readonly Seen[]): readonly (readonly [unknown, unknown, unknown])[] {
  const results = all(events, 'tool_result')
  return all(events, 'tool_call').map(({ tool_name, arguments: given, call_id }) => {
    return [tool_name, given, results.find((result) => result['call_id'] === call_id)?.['output']]
  })
}

/** The text as it was written. */
export function deltas(events: readonly Seen[]): string {
  return all(events, 'message_delta')
    .map(({ content }) => String(content))
    .join('')
}

export interface TodoOnWire {
  todo_id: string
  item: string
  start_time: string
  end_time: string | null
  importance: string
  tags: string[]
  status: string
  created_at: string
  updated_at: string
}

/** A call of the REST addresses. */
export async function rest(method: string, path: string, user: string | null, body?: object, headers = {}) {
  const answer = await call(path, {
    method,
    headers: { ...headersOf(user), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: answer.status, headers: answer.headers, body: await answer.json<Record<string, unknown>>() }
}

export async function made(user: string | null, body: object): Promise<TodoOnWire> {
  const answer = await call('/api/todos', { method: 'POST', headers: headersOf(user), body: JSON.stringify(body) })
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`)
  return answer.json<TodoOnWire>()
}

/** The todos of a user; `query` begins with `?` or is empty. */
export async function listed(user: string | null, query = ''): Promise<readonly TodoOnWire[]> {
  const answer = await call(`/api/todos${query}`, { headers: headersOf(user) })
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`)
  return (await answer.json<{ todos: TodoOnWire[] }>()).todos
}
