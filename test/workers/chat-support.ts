import { call, debug, type Seen, Stream } from './support.ts'

let users = 0

/** A user whom no other run of a property has had. */
export function aNewUser(kind: string): string {
  users += 1
  return `${kind}-${users}`
}

export type Fields = Record<string, string>

/** A stream of D3 as an EventSource asks for it. */
export function chat(user: string | null, fields: Fields, cursor?: string | null): Promise<Stream> {
  return Stream.open(`/api/chat/stream?${new URLSearchParams(fields).toString()}`, headersOf(user, cursor))
}

/** The same, where there may be nothing to tell. */
export function chatResponse(user: string | null, fields: Fields, cursor?: string | null): Promise<Response> {
  return call(`/api/chat/stream?${new URLSearchParams(fields).toString()}`, { headers: headersOf(user, cursor) })
}

/** A stream of D3 or D4 as a page asks for it by fetch. */
export function post(path: string, user: string | null, body: object, cursor?: string | null): Promise<Stream> {
  return Stream.open(path, headersOf(user, cursor), { method: 'POST', body: JSON.stringify(body) })
}

/** A stream of D4. */
export function turn(user: string | null, body: object, cursor?: string | null): Promise<Stream> {
  return post('/chat/stream', user, body, cursor)
}

/** Says something in a conversation and reads the answer to its end. */
export async function said(user: string | null, body: object): Promise<Stream> {
  const stream = await turn(user, body)
  await stream.over()
  return stream
}

export function headersOf(user: string | null, cursor?: string | null): Record<string, string> {
  return { ...(user !== null && { 'x-user-id': user }), ...(cursor != null && { 'last-event-id': cursor }) }
}

/** Updates of D3 and events of D4 of one type. */
export function ofType(events: readonly Seen[], type: string): readonly Seen[] {
  return events.filter(({ data }) => data['type'] === type)
}

/** The answer's text in D3 or D4. */
export function textOf(events: readonly Seen[]): string {
  const pieces = [...ofType(events, 'text'), ...ofType(events, 'chunk')]
  return pieces.map(({ data }) => String(data['content'] ?? data['text'])).join('')
}

/** The request that a stream of D3 or D4 tells of at its start. */
export function requestOf({ all }: Pick<Stream, 'all'>): string {
  const id = all[0]?.data['request_id']
  if (typeof id !== 'string') throw new Error('the stream has not told its request')
  return id
}

/** The same, once it has told it. */
export async function begun(stream: Stream): Promise<string> {
  await stream.until((all) => all.length > 0)
  return requestOf(stream)
}

/** Resolves when the hub has as many connections. */
export async function connected(user: string, count: number): Promise<void> {
  while ((await debug(user)).connections !== count);
}

/** Resolves when a request has ended. */
export async function ended(user: string, id: string): Promise<string> {
  for (;;) {
    const response = await call(`/api/requests/${id}?user_id=${user}`)
    const { status } = await response.json<{ status: string }>()
    if (status !== 'running') return status
  }
}

/** A JSON answer with its status. */
export async function ask(method: string, path: string, user: string | null, body?: object) {
  const init = { method, headers: headersOf(user), ...(body !== undefined && { body: JSON.stringify(body) }) }
  const response = await call(path, init)
  return { status: response.status, body: await response.json<Record<string, unknown>>() }
}
