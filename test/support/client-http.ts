import * as z from 'zod'

/** An HTTP answer with its JSON. */
export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: Readonly<Record<string, unknown>>
}

/** What `/debug/hub` shows. */
const hubFactsSchema = z.object({
  instance_id: z.string().min(8),
  connections: z.int(),
  epoch: z.string(),
  first_seq: z.int(),
  last_seq: z.int(),
  rows_written: z.int(),
  storage_bytes: z.int(),
})
export type HubFacts = z.infer<typeof hubFactsSchema>

export async function getJson(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return answerOf(await fetch(url, { headers }))
}

export async function postJson(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return answerOf(
    await fetch(url, { method: 'POST', body: text, headers: { 'content-type': 'application/json', ...headers } }),
  )
}

/** Asks a user's hub how it is. Asking wakes it. */
export async function hubFacts(url: string, user: string): Promise<HubFacts> {
  return hubFactsSchema.parse((await getJson(`${url}/debug/hub?user_id=${user}`)).body)
}

/** Begins a generation by D2. @returns its request id */
export async function trigger(url: string, body: Readonly<Record<string, unknown>>): Promise<string> {
  const answer = await postJson(`${url}/api/sse/trigger-stream`, body)
  const id = answer.body['request_id']
  if (answer.status !== 200 || typeof id !== 'string') throw new Error(`trigger: ${JSON.stringify(answer)}`)
  return id
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text()
  const type = response.headers.get('content-type') ?? ''
  return { status: response.status, type, body: type.includes('json') ? JSON.parse(text) : { text } }
}
