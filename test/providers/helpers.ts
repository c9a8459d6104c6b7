import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { expect } from 'vitest'
import type { ModelPart, ModelProvider, ModelRequest } from '../../src/core/model.ts'
import { ProviderFailure } from '../../src/core/model.ts'
import type { TaskClass } from '../../src/core/task.ts'
import { createProviders } from '../../src/providers/create-providers.ts'

/** What must be in no failure (PR3): parts of the key, of the prompt, and of all that a provider says. */
export const KEY = 'sk-KEYMARK-0123456789'
export const PROMPT = 'PROMPTMARK: what flows?'
export const SAID = 'SAIDMARK'
const MARKS = /KEYMARK|PROMPTMARK|SAIDMARK/

export function ask(prompt: string = PROMPT, task: TaskClass = 'question'): ModelRequest {
  return {
    messages: [{ role: 'user', content: prompt }],
    tools: [],
    toolChoice: 'auto',
    sampling: {},
    task,
    language: null,
    prefix: null,
  }
}

export interface Outcome {
  readonly parts: readonly ModelPart[]
  readonly text: string
  readonly failure: ProviderFailure | null
}

/** Runs a provider to its end. Every failure is looked through for what must not be in it (PR3). */
export async function run(
  provider: ModelProvider,
  request = ask(),
  signal = new AbortController().signal,
): Promise<Outcome> {
  const parts: ModelPart[] = []
  const outcome = (failure: ProviderFailure | null): Outcome => ({
    parts,
    text: parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
    failure,
  })
  try {
    for await (const part of provider.stream(request, signal)) parts.push(part)
    return outcome(null)
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error
    expectNothingLeaked(error)
    return outcome(error)
  }
}

export function expectNothingLeaked(error: Error): void {
  expect(error.cause).toBeUndefined()
  const own = Object.getOwnPropertyNames(error).map((name) => String(Reflect.get(error, name)))
  expect([String(error), ...own].join('\n')).not.toMatch(MARKS)
}

export function chunk(content: string): string {
  return `data: ${JSON.stringify({ id: 'c1', choices: [{ index: 0, delta: { content } }] })}\n\n`
}

export function finish(reason: string | null = 'stop'): string {
  return `data: ${JSON.stringify({ id: 'c1', choices: [{ index: 0, delta: {}, finish_reason: reason }] })}\n\n`
}

type Handler = (response: ServerResponse, request: IncomingMessage, body: string) => void

/** A server that answers as the handler likes, on a port of its own, while `use` runs. */
export async function withServer(handler: Handler, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (piece) => {
      body += String(piece)
    })
    request.on('end', () => handler(response, request, body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  try {
    await use(`http://127.0.0.1:${address.port}`)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

/** Resolves when the request's connection is closed, in whichever way. */
export function closing(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => request.socket.once('close', () => resolve()))
}

/** Begins an event stream with some text. */
export function sse(response: ServerResponse, text: string | Uint8Array = ''): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  if (text.length === 0) response.flushHeaders()
  else response.write(text)
}

export function providerAt(url: string): ModelProvider {
  const entry = { name: 'test-llm', kind: 'openai-compatible', model: 'm-1', base_url: `${url}/v1` } as const
  const [provider] = createProviders([entry], () => KEY)
  if (provider === undefined) throw new Error('no provider')
  return provider
}
