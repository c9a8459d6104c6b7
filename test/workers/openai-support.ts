import { completionSchema } from '../../src/edge/schemas/openai.ts'
import { call, Stream, wholeLog } from './support.ts'

/** What a test asks of D6, and how. */
export interface Asked {
  readonly user?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

const PATH = '/v1/chat/completions'

export function bodyOf(prompt: string, more: object = {}): string {
  return JSON.stringify({ model: 'freshet', messages: [{ role: 'user', content: prompt }], ...more })
}

/** As OpenAI's client sends a call anew. */
export const RETRY = { 'x-stainless-retry-count': '1' }

function headersOf({ user, headers }: Asked): Record<string, string> {
  return { ...(user !== undefined && { 'x-user-id': user }), ...headers }
}

/** A call that may be refused. */
export function post(body: string, asked: Asked = {}): Promise<Response> {
  const { signal } = asked
  return call(PATH, { method: 'POST', body, headers: headersOf(asked), ...(signal !== undefined && { signal }) })
}

export async function read(response: Response) {
  const body: unknown = await response.json()
  const whole = completionSchema.safeParse(body)
  if (!whole.success) throw new Error(`no completion: ${response.status} ${JSON.stringify(body)}`)
  const { id, model, choices } = whole.data
  return { id, model, body, text: choices[0].message.content ?? '', requestId: id.replace('chatcmpl-', '') }
}

/** A whole answer. */
export async function complete(body: string, asked: Asked = {}) {
  return read(await post(body, asked))
}

/** A stream's chunks; its end without them is known by `over`. */
export function stream(prompt: string, more: object = {}, asked: Asked = {}): Promise<Stream> {
  const init = { method: 'POST', body: bodyOf(prompt, { ...more, stream: true }) }
  return Stream.open(PATH, headersOf(asked), init)
}

export function idOf({ all }: Stream): string {
  return String(all[0]?.data['id'])
}

/** A stream's first chunk is there. */
export async function begun(one: Stream): Promise<string> {
  await one.until((all) => all.length > 0)
  return idOf(one)
}

/** The text of the chunks that have come. */
export function textOf({ all }: Stream): string {
  return all
    .flatMap(({ data }) => (Array.isArray(data['choices']) ? data['choices'] : []))
    .map(({ delta }) => String(delta.content ?? ''))
    .join('')
}

/** How many generations a user has had. */
export async function generations(user: string): Promise<number> {
  return (await wholeLog(user)).filter(({ type }) => type === 'stream_start').length
}

/** Reads a user's events until some time has passed, ms: while an answer is written they come all the time. */
export async function passed(user: string, ms: number): Promise<void> {
  const watcher = await Stream.open(`/sse/ai-stream?user_id=${user}`)
  const from = Date.now()
  await watcher.until(() => Date.now() - from >= ms)
  watcher.close()
  await watcher.over()
}
