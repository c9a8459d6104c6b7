import { env } from 'cloudflare:workers'
import type { Input } from './malformed-inputs.ts'
import { call } from './support.ts'

/** How long an answer to nonsense may take, ms. */
const PATIENCE_MS = 8000

/** Everything of a user that a refused call must leave as it is. */
export async function stateOf(user: string) {
  const hub = env.SESSION_HUB.getByName(`user:${user}`)
  const [{ instance_id, last_seq, rows_written }, sessions, todos] = await Promise.all([
    hub.debug(),
    hub.conversations(null, 50),
    hub.todos({}, null),
  ])
  return { instance_id, last_seq, rows_written, sessions: JSON.stringify(sessions), todos: JSON.stringify(todos) }
}

export type State = Awaited<ReturnType<typeof stateOf>>

/** Resolves when nothing of the user runs and nobody is connected but `readers`. */
export async function idle(user: string, readers = 0): Promise<void> {
  const hub = env.SESSION_HUB.getByName(`user:${user}`)
  for (;;) {
    const { active_requests, connections } = await hub.debug()
    if (active_requests === 0 && connections === readers) return
  }
}

/** Fails what takes too long, by name. */
export async function inTime<T>(what: string, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it hangs: ${what.slice(0, 600)}`)), PATIENCE_MS)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer ?? null)
  }
}

/** What came of a call: of an endless stream its beginning. */
export interface Outcome {
  readonly status: number
  readonly text: string
}

/** Makes a call and reads its answer. @param isEndless an event stream of the answer has no end */
export async function outcomeOf(user: string, input: Input, isEndless: boolean): Promise<Outcome> {
  const { method, path, body } = input
  const headers = { 'x-user-id': user, ...input.headers }
  const response = await call(path, { method, headers, ...(body !== null && { body }) })
  const { status, webSocket } = response
  if (webSocket !== null) {
    const opened = new Promise<string>((resolve) => {
      webSocket.addEventListener('message', ({ data }) => resolve(String(data)))
      webSocket.addEventListener('close', ({ code }) => resolve(`closed ${code}`))
    })
    webSocket.accept()
    const text = await opened
    webSocket.close(1000, 'seen')
    return { status, text }
  }
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
  if (!isStream || !isEndless || response.body === null) return { status, text: await response.text() }
  const reader = response.body.getReader()
  const { value } = await reader.read()
  await reader.cancel()
  return { status, text: new TextDecoder().decode(value) }
}

/** A body as the service reads it, or undefined where it is no JSON. */
export function readAsJson({ body }: Input): unknown {
  try {
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : (body ?? new Uint8Array())
    const raw: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return raw
  } catch {
    return undefined
  }
}

/** True when a call was refused, by its status or in its dialect's event. */
export function isRefused(status: number, text: string): boolean {
  return status >= 400 || /^event: (error|rate_limit_exceeded)\n/.test(text)
}
